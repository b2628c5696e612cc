from rest_framework import serializers

from order_management.fields import IntegerField, MoneyField

from .models import NOTE_MAX, PRICE_MAX, QUANTITY_MAX, Product, StockMovement


class ProductSerializer(serializers.ModelSerializer):
    """A product, in these four fields everywhere."""

    price = MoneyField(max_value=PRICE_MAX)
    quantity = IntegerField(min_value=0, max_value=QUANTITY_MAX)

    class Meta:
        model = Product
        fields = ["id", "name", "price", "quantity"]


class AdjustmentSerializer(serializers.Serializer):
    delta = IntegerField(min_value=-QUANTITY_MAX, max_value=QUANTITY_MAX)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_MAX)

    def validate_delta(self, delta):
        if not delta:
            raise serializers.ValidationError("A change of 0 changes nothing.")
        return delta


class MovementSerializer(serializers.ModelSerializer):
    """A row of the ledger, given as a dict with the keys in ROW."""

    ROW = ["id", "kind", "delta", "balance", "order", "by__username", "note", "created_at"]

    by = serializers.CharField(source="by__username", allow_null=True)

    class Meta:
        model = StockMovement
        fields = ["id", "kind", "delta", "balance", "order", "by", "note", "created_at"]
