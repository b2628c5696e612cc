from rest_framework import serializers

from order_management.fields import MoneyField

from .models import PRICE_MAX, QUANTITY_MAX, Product


class ProductSerializer(serializers.ModelSerializer):
    """A product, everywhere it appears; lists take the same fields straight from the database."""

    price = MoneyField(max_value=PRICE_MAX)
    quantity = serializers.IntegerField(min_value=0, max_value=QUANTITY_MAX)

    class Meta:
        model = Product
        fields = ["id", "name", "price", "quantity"]
