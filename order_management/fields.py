from decimal import Decimal

from rest_framework import serializers


class MoneyField(serializers.DecimalField):
    """An amount with two decimal places; read from a number or a string, written as a string."""

    def __init__(self, *, max_value, **kwargs):
        digits = len(max_value.as_tuple().digits)
        super().__init__(max_digits=digits, decimal_places=2, min_value=Decimal(0), max_value=max_value, **kwargs)

    def to_internal_value(self, data):
        # Adding zero makes a plain zero of -0.
        return super().to_internal_value(data) + 0
