"""The rows of a CSV file of products, each checked as the API checks a product."""

import re
from decimal import Decimal
from typing import NamedTuple

from rest_framework import serializers

from order_management.files.csv import read_csv
from order_management.files.formulas import unescape_formulas
from order_management.files.lines import Lines

from .models import COLUMNS
from .serializers import ProductSerializer

ID_MAX = 2**63 - 1
# 1.200 and 1,200 have decimals in one country and thousands in another.
AMBIGUOUS = re.compile(r"\s*-?[1-9][0-9]{0,2}([.,])[0-9]{3}\s*")


class IdField(serializers.Field):
    """The id of a product, or an empty cell for a new one."""

    def to_internal_value(self, text):
        if not text:
            return None
        if not re.fullmatch("[0-9]{1,19}", text) or not 1 <= int(text) <= ID_MAX:
            raise serializers.ValidationError(f"Must be a whole number from 1 to {ID_MAX}, or empty.")
        return int(text)


# The API's own fields. Created once, because a serializer per row would take five times as long.
FIELDS = {**ProductSerializer().fields, "id": IdField()}


class Row(NamedTuple):
    """A row of the file. A field that is None leaves the product's value as it is."""

    number: int  # of its first line
    id: int | None = None
    name: str | None = None
    price: Decimal | None = None
    quantity: int | None = None
    error: str = ""

    def completed(self, product):
        """Return the row with the product's values in place of None."""
        return self._replace(**{name: getattr(product, name) for name in COLUMNS if getattr(self, name) is None})


class RowReader:
    """Iterates over the Rows of a binary file. `line_of` has the line number of each id read so far."""

    def __init__(self, file):
        self.lines = Lines(file)
        # Where commas are decimal points, spreadsheets use another separator, and a point may mean thousands.
        self.point_is_decimal = self.lines.separator == ","
        self.line_of = {}

    def __iter__(self):
        for number, cells, error in read_csv(self.lines, COLUMNS):
            yield Row(number, error=error) if error else self.validate(number, cells)

    def validate(self, number, cells):
        values, errors = {}, []
        for name in COLUMNS:
            try:
                values[name] = self.value_of(name, cells)
            except serializers.ValidationError as error:
                errors += [f"{name}: {message}" for message in error.detail]
        pk = values.get("id")
        if pk and self.line_of.setdefault(pk, number) != number:
            errors.append(f"id: {pk} is already in line {self.line_of[pk]}.")
        return Row(number, error=" ".join(errors)) if errors else Row(number, **values)

    def value_of(self, name, cells):
        """Return the value of a column, or None if it stays as it is. Raise ValidationError if it is not valid."""
        cell = cells.get(name)
        if cells["id"] and (cell is None or (name == "quantity" and not cell)):
            return None
        if cell is None:
            cell = serializers.empty
        elif name == "name":
            cell = unescape_formulas(cell)
        elif name == "price":
            cell = with_decimal_point(cell, point_is_decimal=self.point_is_decimal)
        elif name == "quantity":
            cell = with_decimal_point(cell, point_is_decimal=False)
        return FIELDS[name].run_validation(cell)


def with_decimal_point(number, *, point_is_decimal):
    """Return a number with a point for its decimal comma.

    Raise ValidationError if it could also mean thousands, which a point cannot if `point_is_decimal`.
    """
    match = AMBIGUOUS.fullmatch(number)
    if match and not (point_is_decimal and match[1] == "."):
        raise serializers.ValidationError("This could mean thousands or decimals: write 1200 or 1.20.")
    return number.replace(",", ".")
