from itertools import islice

from rest_framework import serializers

from order_management.api.fields import WRONG_ITEMS_MAX, CharField, IntegerField, ListField, MoneyField
from order_management.api.serializers import ModelSerializer, Serializer
from order_management.characters import validate_visible

from .models import NOTE_MAX, PRICE_MAX, QUANTITY_MAX, StockMovement

NO_CHANGE = "A change of 0 changes nothing."
ONE_OF_TWO = "Send either delta or quantity."
CHANGES_MAX = 500


class ProductSerializer(Serializer):
    """A product: these four fields, everywhere."""

    id = serializers.IntegerField(read_only=True)
    name = CharField(max_length=100, validators=[validate_visible])
    price = MoneyField(max_value=PRICE_MAX)
    quantity = IntegerField(min_value=0, max_value=QUANTITY_MAX)

    def to_representation(self, product):
        # By hand: creating four fields, only to run each of them once, takes longer than the rest of the call.
        return {"id": product.id, "name": product.name, "price": str(product.price), "quantity": product.quantity}


class AdjustmentSerializer(Serializer):
    delta = IntegerField(min_value=-QUANTITY_MAX, max_value=QUANTITY_MAX)
    note = CharField(required=False, allow_blank=True, max_length=NOTE_MAX)

    def validate_delta(self, delta):
        if not delta:
            raise serializers.ValidationError(NO_CHANGE)
        return delta


class StockChangeSerializer(Serializer):
    """A delivery (`delta`) or a count (`quantity`)."""

    product = IntegerField(min_value=1, max_value=2**63 - 1)
    delta = IntegerField(required=False, min_value=-QUANTITY_MAX, max_value=QUANTITY_MAX)
    quantity = IntegerField(required=False, min_value=0, max_value=QUANTITY_MAX)
    expected = IntegerField(required=False, min_value=0, max_value=QUANTITY_MAX)

    validate_delta = AdjustmentSerializer.validate_delta

    def validate(self, change):
        if ("delta" in change) == ("quantity" in change):
            raise serializers.ValidationError({"delta": [ONE_OF_TWO]})
        if "delta" in change and "expected" in change:
            raise serializers.ValidationError({"expected": ["Send expected only with quantity."]})
        return change


class StockChangesSerializer(Serializer):
    changes = ListField(child=StockChangeSerializer(), min_length=1, max_length=CHANGES_MAX)
    note = CharField(required=False, allow_blank=True, max_length=NOTE_MAX)

    def validate_changes(self, changes):
        repeated = dict(islice(repetitions(change["product"] for change in changes), WRONG_ITEMS_MAX))
        if repeated:
            raise serializers.ValidationError(repeated)
        return changes


def repetitions(products):
    """Yield the position of each product that came before, and the errors that say so."""
    seen = set()
    for position, product in enumerate(products):
        if product in seen:
            yield position, {"product": [f"Product {product} is already in the list."]}
        seen.add(product)


class MovementSerializer(ModelSerializer):
    """A row of the ledger."""

    by = CharField(source="by__username", allow_null=True)

    class Meta:
        model = StockMovement
        fields = ["id", "kind", "delta", "balance", "order", "by", "note", "created_at"]


class FeedMovementSerializer(MovementSerializer):
    """A row of the ledger, with its product."""

    product = serializers.IntegerField(source="product_id")

    class Meta(MovementSerializer.Meta):
        fields = ["id", "product", *MovementSerializer.Meta.fields[1:]]
