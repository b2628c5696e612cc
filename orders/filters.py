from django_filters import rest_framework as filters

from accounts.models import fold
from order_management.api.filters import ID, YEARS, ChoicesFilter, FilterSet, NumberFilter

from .models import TOTAL_MAX, Order

MONEY = {"min_value": 0, "max_value": TOTAL_MAX, "max_digits": 12, "decimal_places": 2}


class OrderFilter(FilterSet):
    status = ChoicesFilter(
        choices=Order.Status.choices, help_text="Orders that are in this state now, or in one of these."
    )
    # A join, not a subquery: SQLite then starts with the orders of the product, not with all orders.
    product = NumberFilter("lines__product", **ID, help_text="The id of a product that is in the order.")
    returned = filters.ChoiceFilter(
        choices=[("part", "Some pieces have come back, but not all")],
        method="filter_returned",
        help_text="Orders of which this much was returned.",
    )
    min_total = NumberFilter("total", "gte", **MONEY, help_text="Costs at least this.")
    max_total = NumberFilter("total", "lte", **MONEY, help_text="Costs at most this.")
    customer = filters.CharFilter(method="filter_customer", max_length=150, help_text="A username. Admins only.")
    created_after = filters.IsoDateTimeFilter("created_at", "gt", validators=YEARS, help_text="Later than this.")
    created_before = filters.IsoDateTimeFilter("created_at", "lt", validators=YEARS, help_text="Earlier than this.")
    updated_since = filters.IsoDateTimeFilter(
        "updated_at",
        "gte",
        validators=YEARS,
        help_text="At this time or later. Programs that must not miss a change read `/api/orders/events/`.",
    )

    admin_only = ["customer"]

    def filter_returned(self, orders, name, value):
        return orders.filter(partly_returned=True)

    def filter_customer(self, orders, name, value):
        return orders.filter(customer__username_folded=fold(value))
