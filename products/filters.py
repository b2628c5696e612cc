from django_filters import rest_framework as filters

from order_management.api.filters import ID, YEARS, BooleanFilter, FilterSet, NumberFilter

from .models import PRICE_MAX, QUANTITY_MAX, Product, StockMovement

MONEY = {"min_value": 0, "max_value": PRICE_MAX, "max_digits": 10, "decimal_places": 2}


class ProductFilter(FilterSet):
    # The first one, because the others filter the products that it chooses.
    deleted = BooleanFilter(
        method="filter_deleted", help_text="Whether to list the deleted products instead. Admins only."
    )
    search = filters.CharFilter("name", "icontains", max_length=100, help_text="Part of the name, in any case.")
    min_price = NumberFilter("price", "gte", **MONEY, help_text="Costs at least this.")
    max_price = NumberFilter("price", "lte", **MONEY, help_text="Costs at most this.")
    in_stock = BooleanFilter(method="filter_in_stock", help_text="Whether any is left.")
    low_stock = NumberFilter(
        "quantity",
        "lte",
        min_value=0,
        max_value=QUANTITY_MAX,
        decimal_places=0,
        help_text="At most this many are left. Admins only.",
    )

    admin_only = ["deleted", "low_stock"]

    def filter_deleted(self, products, name, value):
        return Product.objects.deleted().rows() if value else products

    def filter_in_stock(self, products, name, value):
        return products.filter(quantity__gt=0) if value else products.filter(quantity=0)


class MovementFilter(FilterSet):
    kind = filters.ChoiceFilter(choices=StockMovement.Kind.choices, help_text="What changed the stock.")
    order = NumberFilter("order", **ID, help_text="The id of the order that took stock or gave it back.")
    created_after = filters.IsoDateTimeFilter("created_at", "gt", validators=YEARS, help_text="Later than this.")
    created_before = filters.IsoDateTimeFilter("created_at", "lt", validators=YEARS, help_text="Earlier than this.")
