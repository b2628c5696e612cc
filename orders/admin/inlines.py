"""What an order's page shows below its fields: products and the timeline."""

from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from order_management.admin.lists import ReadOnlyInline, link
from order_management.admin.numbers import money_column, number_column

from ..models import OrderEvent, OrderLine


def timeline(events):
    """Return the events with everything that orders/timeline.html shows."""
    return events.select_related("by").prefetch_related("items__line")


class LineInline(ReadOnlyInline):
    model = OrderLine
    verbose_name_plural = "Products"
    fields = readonly_fields = [
        "product_name",
        money_column("price"),
        number_column("quantity"),
        number_column("returned_pieces", "Returned"),
        money_column("subtotal"),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("order", "product")

    @display(description="Name")
    def product_name(self, line):
        name = link(reverse("admin:products_product_change", args=[line.product_id]), line.name)
        return format_html("{} (deleted)", name) if line.product.deleted_at else name


class EventInline(ReadOnlyInline):
    model = OrderEvent
    template = "orders/timeline_inline.html"
    verbose_name_plural = "Timeline"
    fields = ["created_at"]

    def get_queryset(self, request):
        return timeline(super().get_queryset(request))
