from datetime import date

from django.contrib import admin
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from accounts import admin as accounts
from accounts.models import User
from order_management.admin.export import ExportMixin
from order_management.admin.lists import ReadOnlyAdmin, ReadOnlyInline

from .admin_new_order import new_order
from .admin_steps import bulk_step, step
from .exports import orders_csv
from .models import Order, OrderEvent, OrderLine

admin.site.index_template = "orders/dashboard.html"

LABELS = {
    Order.Status.PENDING: "warning",
    Order.Status.CONFIRMED: "info",
    Order.Status.SHIPPED: "info",
    Order.Status.DELIVERED: "success",
    Order.Status.CANCELLED: "danger",
    Order.Status.RETURNED: "danger",
}


class DayFilter(RangeDateFilter):
    """From one UTC day to another, both included. Text that is not a date is ignored."""

    def queryset(self, request, orders):
        first, last = self.day("from"), self.day("to")
        return orders.created_on(first or date.min, last or date.max) if first or last else orders

    def day(self, name):
        try:
            return parse_date(self.used_parameters.get(f"{self.parameter_name}_{name}", ""))
        except ValueError:  # such as 2026-02-30
            return None


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = readonly_fields = ["name", "price", "quantity", "subtotal"]

    def subtotal(self, line):
        return line.price * line.quantity


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["created_at", "status", "by", "note"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")


@admin.register(Order)
class OrderAdmin(ExportMixin, ReadOnlyAdmin):
    list_display = ["id", "customer", "state", "total", "created_at", "updated_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("created_at", DayFilter),
        ("customer", AutocompleteSelectFilter),
    ]
    list_select_related = ["customer"]
    search_fields = ["=id", "customer__username"]
    ordering = ["-created_at", "-id"]
    inlines = [LineInline, EventInline]
    fields = ["customer", "status", "total", "note", "created_at", "updated_at"]
    # Only the steps that need no confirmation.
    actions = [bulk_step("confirm"), bulk_step("ship"), bulk_step("deliver")]
    actions_list = ["new_order", *ExportMixin.actions_list]
    actions_detail = ["confirm", "ship", "deliver", "cancel", "return_order"]

    new_order = new_order
    confirm = step("confirm", "It becomes confirmed.", dismiss="Keep it pending")
    ship = step("ship", "It becomes shipped.", dismiss="Keep it confirmed")
    deliver = step("deliver", "It becomes delivered.", dismiss="Keep it shipped")
    cancel = step(
        "cancel",
        "It becomes cancelled. Its goods go back into stock.",
        dismiss="Keep it",
        variant=ActionVariant.DANGER,
    )
    return_order = step(
        "return",
        "It becomes returned. Its goods go back into stock.",
        dismiss="Keep it delivered",
        variant=ActionVariant.DANGER,
    )

    @display(description="Status", ordering="status", label=LABELS)
    def state(self, order):
        return order.status, order.get_status_display()

    def export(self, orders):
        return orders_csv(orders)

    def get_actions_detail(self, request, object_id):
        """Return the buttons of the steps that the life cycle allows now."""
        order = self.get_object(request, object_id)
        allowed = Order.allowed_actions(order.status, User.Role.ADMIN) if order else []
        return [button for button in super().get_actions_detail(request, object_id) if button.path in allowed]


@admin.register(User)
class UserAdmin(accounts.UserAdmin):
    """The users, with a link to the orders of each."""

    list_display = [*accounts.UserAdmin.list_display, "orders"]
    fieldsets = [*accounts.UserAdmin.fieldsets, ("Orders", {"fields": ["orders"]})]
    readonly_fields = [*accounts.UserAdmin.readonly_fields, "orders"]

    @display(description="Orders")
    def orders(self, user):
        url = reverse("admin:orders_order_changelist", query={"customer__id__exact": user.pk})
        return format_html('<a href="{}">Orders</a>', url)
