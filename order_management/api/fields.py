import re
from copy import copy
from decimal import Decimal

from rest_framework import serializers

# Python also accepts 1_000 and the digits of every script.
NUMBER = re.compile(r"\s*-?[0-9]+(\.[0-9]+)?\s*")
EXTRA_ZEROS = re.compile(r"(\.[0-9]{2})0+(?=\s*$)")
WRONG_ITEMS_MAX = 10


def without_extra_zeros(amount):
    """Return the text of an amount without zeros after its second decimal place: "12.50" for "12.5000"."""
    return EXTRA_ZEROS.sub(r"\1", amount)


class ScalarMixin:
    """Refuses arrays and objects before DRF converts them to text, which is slow for large ones."""

    def run_validation(self, data=serializers.empty):
        if isinstance(data, dict | list):
            self.fail("invalid")
        return super().run_validation(data)


class TextMixin(ScalarMixin):
    """Checks the length before other validators, some of which take 0.1 s for a megabyte."""

    def run_validators(self, value):
        if self.max_length is not None and len(value) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        super().run_validators(value)


class CharField(TextMixin, serializers.CharField):
    """A string."""


class EmailField(TextMixin, serializers.EmailField):
    """An email address."""


class ChoiceField(ScalarMixin, serializers.ChoiceField):
    """One of a few words. The error lists them and does not repeat the input."""

    default_error_messages = {"invalid": "Not a valid string."}

    def __init__(self, choices, **kwargs):
        super().__init__(choices, **kwargs)
        self.error_messages["invalid_choice"] = one_of(self.choices)


def one_of(choices):
    return f"Must be one of: {', '.join(map(str, choices))}."


class PlainNumberMixin(ScalarMixin):
    def to_internal_value(self, data):
        if isinstance(data, str):
            if len(data) > self.MAX_STRING_LENGTH:
                self.fail("max_string_length")
            if not NUMBER.fullmatch(data):
                self.fail("invalid")
        return super().to_internal_value(data)


class IntegerField(PlainNumberMixin, serializers.IntegerField):
    """A whole number, as a number or a string."""


class MoneyField(PlainNumberMixin, serializers.DecimalField):
    """An amount with two decimal places: a number or a string as input, a string as output.

    Zeros may follow the second place, as databases and spreadsheets write them.
    """

    def __init__(self, *, max_value, **kwargs):
        digits = len(max_value.as_tuple().digits)
        super().__init__(max_digits=digits, decimal_places=2, min_value=Decimal(0), max_value=max_value, **kwargs)

    def to_internal_value(self, data):
        if isinstance(data, str) and len(data) <= self.MAX_STRING_LENGTH:
            data = without_extra_zeros(data)
        # Adding zero turns -0 into 0.
        return super().to_internal_value(data) + 0


class ListField(serializers.ListField):
    """A list whose length is checked before its items. The error names only the first ten invalid items.

    DRF's own ListField validates every item first, however many were sent.
    """

    # DRF says "at least 1 elements", and names Python's types.
    default_error_messages = {"min_length": "This list may not be empty.", "not_a_list": "Must be a list."}

    def __init__(self, *, max_length, **kwargs):
        super().__init__(max_length=max_length, **kwargs)

    def bind(self, field_name, parent):
        super().bind(field_name, parent)
        # Shallow copies of this field share one child, but a child finds the request only through its own parent.
        # Give each copy its own child. The children still share their fields, so build those first.
        getattr(self.child, "fields", None)
        self.child = copy(self.child)
        self.child.parent = self

    def run_child_validation(self, data):
        if len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        items, errors = [], {}
        for position, item in enumerate(data):
            try:
                items.append(self.child.run_validation(item))
            except serializers.ValidationError as error:
                errors[position] = error.detail
            if len(errors) == WRONG_ITEMS_MAX:
                break
        if errors:
            raise serializers.ValidationError(errors)
        return items
