from datetime import UTC, datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django_filters import rest_framework as filters

from accounts.models import fold
from order_management.api.filters import FilterSet

from .models import Order

# Near the years 1 and 9999, a time in another zone may have no counterpart in UTC.
YEARS = [MinValueValidator(datetime(1900, 1, 1, tzinfo=UTC)), MaxValueValidator(datetime(9000, 1, 1, tzinfo=UTC))]


class OrderFilter(FilterSet):
    status = filters.ChoiceFilter(choices=Order.Status.choices, help_text="Orders that are in this state now.")
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

    def filter_customer(self, orders, name, value):
        return orders.filter(customer__username_folded=fold(value))
