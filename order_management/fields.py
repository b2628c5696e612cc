import re
from decimal import Decimal

from rest_framework import serializers

# Python reads 1_000, too, and the digits of every script.
NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?\s*")
ZEROS = re.compile(r"(?<=\.[0-9]{2})0+(?=\s*\Z)")


class PlainNumberMixin:
    def to_internal_value(self, data):
        if isinstance(data, str) and not NUMBER.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class IntegerField(PlainNumberMixin, serializers.IntegerField):
    """A whole number, as a number or a string."""


class MoneyField(PlainNumberMixin, serializers.DecimalField):
    """An amount with two decimal places; read from a number or a string, written as a string.

    Zeros may follow the second place, as databases and spreadsheets write them.
    """

    def __init__(self, *, max_value, **kwargs):
        digits = len(max_value.as_tuple().digits)
        super().__init__(max_digits=digits, decimal_places=2, min_value=Decimal(0), max_value=max_value, **kwargs)

    def to_internal_value(self, data):
        if isinstance(data, str):
            data = ZEROS.sub("", data)
        # Adding zero makes a plain zero of -0.
        return super().to_internal_value(data) + 0
