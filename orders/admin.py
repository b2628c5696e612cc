from datetime import UTC, datetime, time

from django.contrib import admin, messages
from django.db import transaction
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.admin import UserAdmin
from accounts.models import User
from order_management.admin.export import ExportMixin
from order_management.admin.fields import APIField
from order_management.admin.lists import ReadOnlyAdmin, ReadOnlyInline, close_dialog
from order_management.exceptions import Conflict

from . import services
from .exports import orders_csv
from .models import Order, OrderEvent, OrderLine
from .serializers import NoteSerializer

LABELS = {
    Order.Status.PENDING: "warning",
    Order.Status.CONFIRMED: "info",
    Order.Status.SHIPPED: "info",
    Order.Status.DELIVERED: "success",
    Order.Status.CANCELLED: "danger",
    Order.Status.RETURNED: "danger",
}
# Taken with many orders at once; the others end a sale, and ask first.
BULK_ACTIONS = ["confirm", "ship", "deliver"]


admin.site.index_template = "orders/dashboard.html"


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in UTC; what is no date is no filter."""

    def queryset(self, request, queryset):
        for name, lookup, moment in [("from", "gte", time.min), ("to", "lte", time.max)]:
            day = parsed(self.used_parameters.get(f"{self.parameter_name}_{name}", ""))
            if day:
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": datetime.combine(day, moment, UTC)})
        return queryset


def parsed(day):
    try:
        return parse_date(day)
    except ValueError:
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


class StepForm(BaseDialogForm):
    note = APIField(NoteSerializer().fields["note"], required=False, widget=UnfoldAdminTextInputWidget)


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
    actions_detail = list(Order.ACTIONS)

    @display(description="Status", ordering="status", label=LABELS)
    def state(self, order):
        return order.status, order.get_status_display()

    def export(self, orders):
        return orders_csv(orders)

    def get_actions(self, request):
        return {name: (bulk_step(name), name, f"{name.capitalize()} selected orders") for name in BULK_ACTIONS}

    def get_actions_detail(self, request, object_id):
        """Return the buttons of the steps that the life cycle allows now."""
        order = self.get_object(request, object_id)
        allowed = Order.allowed_actions(order.status, User.Role.ADMIN) if order else []
        return [self.get_unfold_action(name) for name in allowed]


def take(order, step, request, note=""):
    try:
        with transaction.atomic():
            services.change_status(order, Order.ACTIONS[step], by=request.user, note=note)
    except Conflict as conflict:
        messages.error(request, f"{order}: {conflict}")
    else:
        messages.success(request, f"{order} is {order.status}.")


def bulk_step(name):
    """Return the admin action that takes one step with each of the selected orders."""

    def take_all(model_admin, request, orders):
        for order in orders.order_by("id"):
            take(order, name, request)

    return take_all


def step(name):
    """Return the button that takes one step with an order, once it is confirmed."""
    variant = ActionVariant.DANGER if Order.ACTIONS[name] in Order.BACK_IN_STOCK else ActionVariant.PRIMARY
    after = " Its goods go back into stock." if variant is ActionVariant.DANGER else ""
    dialog = {
        "title": f"{name.capitalize()} this order?",
        "description": f"It becomes {Order.ACTIONS[name]}.{after}",
        "form_class": StepForm,
        "form_submit_text": name.capitalize(),
    }

    @action(description=name.capitalize(), variant=variant, dialog=dialog)
    def button(self, request, form, object_id):
        take(self.found(request, object_id), name, request, form.cleaned_data["note"])
        return close_dialog(request, reverse("admin:orders_order_change", args=[object_id]))

    return button


for name in Order.ACTIONS:
    setattr(OrderAdmin, name, step(name))

admin.site.unregister(User)


@admin.register(User)
class CustomerAdmin(UserAdmin):
    """The users, and from each the way to their orders."""

    list_display = [*UserAdmin.list_display, "orders"]

    fieldsets = [*UserAdmin.fieldsets, ("Orders", {"fields": ["orders"]})]
    readonly_fields = [*UserAdmin.readonly_fields, "orders"]

    @display(description="Orders")
    def orders(self, user):
        url = reverse("admin:orders_order_changelist", query={"customer__id__exact": user.pk})
        return format_html('<a href="{}">Orders</a>', url)
