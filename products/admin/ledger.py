from django.contrib import admin
from django.urls import reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from order_management.admin.lists import ReadOnlyAdmin, link
from order_management.admin.numbers import number_column

from ..models import StockMovement


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "product_link",
        "kind",
        number_column("delta"),
        number_column("balance"),
        "order_link",
        "by",
        "note",
        "created_at",
    ]
    list_filter = [("product", AutocompleteSelectFilter), "kind"]
    list_select_related = ["product", "by"]
    search_fields = ["=product__id", "product__name", "=order"]
    ordering = ["-id"]
    fields = ["product", "kind", "delta", "balance", "order_link", "by", "note", "created_at"]
    readonly_fields = ["order_link"]

    @display(description="Product")
    def product_link(self, movement):
        url = reverse("admin:products_product_change", args=[movement.product_id])
        return link(url, movement.product)

    @display(description="Order")
    def order_link(self, movement):
        if movement.order is None:
            return None
        # By name: the app of the orders is above this one.
        return link(reverse("admin:orders_order_change", args=[movement.order]), f"#{movement.order}")
