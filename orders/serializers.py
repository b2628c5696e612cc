from datetime import timedelta
from decimal import Decimal
from functools import cached_property

from django.core.exceptions import PermissionDenied
from rest_framework import serializers

from accounts.models import NAME_MAX, fold
from order_management.api.fields import CharField, ChoiceField, IntegerField, ListField, MoneyField
from order_management.api.serializers import ModelSerializer, Serializer
from products.models import NOTE_MAX, PRICE_MAX

from .models import TOTAL_MAX, Order, OrderEvent

LINE_QUANTITY_MAX = 1_000_000
LINES_MAX = 100
DAYS_MAX = 366
TOP_PRODUCTS_MAX = 10
REVENUE_MAX = Decimal("99999999999999999.99")


class OrderItemSerializer(Serializer):
    product = IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = IntegerField(min_value=1, max_value=LINE_QUANTITY_MAX)


class PlaceOrderSerializer(Serializer):
    items = ListField(child=OrderItemSerializer(), min_length=1, max_length=LINES_MAX)
    note = CharField(required=False, allow_blank=True, max_length=NOTE_MAX, default="")
    expected_total = MoneyField(required=False, default=None, max_value=TOTAL_MAX)
    # No default: it would change the fingerprints of keys that are older than this field.
    customer = CharField(required=False, max_length=NAME_MAX)

    def validate(self, attrs):
        # Whether there is such a user is checked later: a Customer must not learn that, and it can change.
        user = self.context["request"].user
        if "customer" in attrs and not user.is_admin and fold(attrs["customer"]) != user.username_folded:
            raise PermissionDenied("Only an Admin may order for somebody else.")
        return attrs


class NoteSerializer(Serializer):
    note = CharField(required=False, allow_blank=True, max_length=NOTE_MAX, default="")


class ReturnSerializer(NoteSerializer):
    items = ListField(child=OrderItemSerializer(), required=False, min_length=1, max_length=LINES_MAX)
    restock = serializers.BooleanField(required=False)


class LineSerializer(Serializer):
    product = serializers.IntegerField()
    name = CharField()
    price = MoneyField(max_value=PRICE_MAX)
    quantity = serializers.IntegerField()
    returned = serializers.IntegerField()
    subtotal = MoneyField(max_value=TOTAL_MAX)

    def to_representation(self, line):
        [item] = lines_as_dicts([line])
        return item


def lines_as_dicts(lines):
    """Return the lines of an order as callers see them."""
    # By hand, like an order.
    return [
        {
            "product": product,
            "name": name,
            "price": str(price),
            "quantity": quantity,
            "returned": returned,
            "subtotal": str(price * quantity),
        }
        for product, name, price, quantity, returned in lines
    ]


class ShortSerializer(Serializer):
    product = serializers.IntegerField()
    requested = serializers.IntegerField()
    available = serializers.IntegerField()


class PreviewSerializer(Serializer):
    """An order as it would be if it were placed now, and the products of which there is not enough."""

    items = ListField(source="lines", child=LineSerializer(), max_length=LINES_MAX)
    total = MoneyField(max_value=TOTAL_MAX)
    short = ListField(child=ShortSerializer(), max_length=LINES_MAX)


class OrderSerializer(Serializer):
    """An order, with the actions that the caller may take now."""

    id = serializers.IntegerField()
    customer = CharField()
    status = ChoiceField(Order.Status)
    items = ListField(child=LineSerializer(), max_length=LINES_MAX)
    total = MoneyField(max_value=TOTAL_MAX)
    note = CharField()
    allowed_actions = ListField(child=ChoiceField(list(Order.ACTIONS)), max_length=len(Order.ACTIONS))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @cached_property
    def role(self):
        return self.context["request"].user.role

    def to_representation(self, order):
        # By hand: for a page of orders, running every field takes longer than the rest of the call.
        return {
            "id": order.id,
            "customer": order.customer,
            "status": order.status,
            "items": lines_as_dicts(order.lines),
            "total": str(order.total),
            "note": order.note,
            "allowed_actions": Order.allowed_actions(order.status, self.role),
            "created_at": order.created_at,
            "updated_at": order.updated_at,
        }


class ReturnedItemSerializer(Serializer):
    product = serializers.IntegerField()
    quantity = serializers.IntegerField()
    restock = serializers.BooleanField()


class EventSerializer(ModelSerializer):
    """A step that an order has taken. `items` says what came back with a return; null for any other step."""

    status = ChoiceField(Order.Status)
    by = CharField(allow_null=True)
    action = ChoiceField(list(Order.ACTIONS_TO.values()))
    items = ListField(child=ReturnedItemSerializer(), max_length=LINES_MAX, allow_null=True)

    class Meta:
        model = OrderEvent
        fields = ["status", "by", "note", "created_at", "action", "items"]


class FeedEventSerializer(EventSerializer):
    """A step that an order has taken, with the ids of the step and of the order."""

    order = serializers.IntegerField()

    class Meta(EventSerializer.Meta):
        fields = ["id", "order", *EventSerializer.Meta.fields]


class PeriodSerializer(Serializer):
    """The days of a report, both included; a mapping with the keys `from` and `to`."""

    def get_fields(self):
        return {name: serializers.DateField(input_formats=["%Y-%m-%d"]) for name in ("from", "to")}

    def validate(self, attrs):
        if not timedelta() <= attrs["to"] - attrs["from"] < timedelta(days=DAYS_MAX):
            raise serializers.ValidationError({"to": [f"Must be `from` or up to {DAYS_MAX - 1} days later."]})
        return attrs


class DaySerializer(Serializer):
    date = serializers.DateField()
    orders = serializers.IntegerField()
    revenue = MoneyField(max_value=REVENUE_MAX)


class TopProductSerializer(Serializer):
    product = serializers.IntegerField()
    name = CharField()
    quantity = serializers.IntegerField()
    revenue = MoneyField(max_value=REVENUE_MAX)


class ReportSerializer(Serializer):
    orders = serializers.IntegerField()
    revenue = MoneyField(max_value=REVENUE_MAX)
    by_day = ListField(child=DaySerializer(), max_length=DAYS_MAX)
    top_products = ListField(child=TopProductSerializer(), max_length=TOP_PRODUCTS_MAX)

    def get_fields(self):
        return {"from": serializers.DateField(), "to": serializers.DateField()} | super().get_fields()
