from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.utils import display_for_label

from accounts.models import User
from order_management.admin.export import ExportMixin
from order_management.admin.lists import ReadOnlyAdmin, link
from order_management.admin.numbers import money_column

from ..exports import orders_csv
from ..models import Order, OrderEvent
from .filters import DayFilter, read_day
from .inlines import EventInline, LineInline, timeline
from .new_order import new_order
from .returns import return_order
from .search import SearchMixin
from .steps import bulk_step, step

admin.site.index_template = "orders/dashboard.html"

LABELS = {
    Order.Status.PENDING: "warning",
    Order.Status.CONFIRMED: "info",
    Order.Status.SHIPPED: "info",
    Order.Status.DELIVERED: "success",
    Order.Status.CANCELLED: "danger",
    Order.Status.RETURNED: "danger",
}


@admin.register(Order)
class OrderAdmin(SearchMixin, ExportMixin, ReadOnlyAdmin):
    class Media:
        css = {"all": ["orders/list.css"]}

    list_display = ["id", "customer", "state", money_column("total"), "created_at", "updated_at"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("created_at", DayFilter),
        ("customer", AutocompleteSelectFilter),
    ]
    list_select_related = ["customer"]
    ordering = ["-created_at", "-id"]
    inlines = [LineInline, EventInline]
    fields = ["customer_details", "badge", money_column("total"), "note", "created_at", "updated_at", "ledger"]
    object_history_template = "orders/history.html"
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
    return_order = return_order

    @display(description="Status", ordering="status", label=LABELS)
    def state(self, order):
        return order.status, order.get_status_display()

    @display(description="Status")
    def badge(self, order):
        return display_for_label(self.state(order), self.get_empty_value_display(), LABELS)

    @display(description="Customer")
    def customer_details(self, order):
        user = order.customer
        page = link(reverse("admin:accounts_user_change", args=[user.pk]), user.get_full_name() or user.username)
        username = format_html(" ({})", user.username) if user.get_full_name() else ""
        email = format_html("<br>{}", link(f"mailto:{user.email}", user.email)) if user.email else ""
        return format_html("{}{}{}", page, username, email)

    @display(description="Stock")
    def ledger(self, order):
        url = reverse("admin:products_stockmovement_changelist", query={"order__exact": order.pk})
        return link(url, "Stock movements of this order")

    def export(self, orders):
        return orders_csv(orders)

    def export_dates(self, request):
        """Return the days of the filter, or the day of the export."""
        first, last = (read_day(request.GET.get(f"created_at_{end}", "")) for end in ("from", "to"))
        [today] = super().export_dates(request)
        if first:
            return [first, "to", last or today]
        return ["to", last] if last else [today]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        # The page has the timeline itself.
        return super().change_view(request, object_id, form_url, {"show_history": False} | (extra_context or {}))

    def history_view(self, request, object_id, extra_context=None):
        """Show the timeline instead of the admin site's own history, because orders also change elsewhere."""
        events = timeline(OrderEvent.objects.filter(order=object_id))
        context = {"title": f"Timeline of order {object_id}", "events": events}
        return super().history_view(request, object_id, context | (extra_context or {}))

    def get_actions_detail(self, request, object_id):
        """Return the buttons of the steps that the life cycle allows now."""
        order = self.get_object(request, object_id)
        allowed = Order.allowed_actions(order.status, User.Role.ADMIN) if order else []
        return [button for button in super().get_actions_detail(request, object_id) if button.path in allowed]
