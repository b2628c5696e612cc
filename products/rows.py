"""The rows of a file of products, each checked as the API checks a product."""

import re
from typing import NamedTuple

from rest_framework import serializers

from order_management.shown import money

from .files import as_written, read_csv
from .models import COLUMNS
from .serializers import ProductSerializer

ID_MAX = 2**63 - 1


class IdField(serializers.Field):
    """The id of a product; or nothing, for a new one."""

    def to_internal_value(self, text):
        if not text:
            return None
        if not re.fullmatch("[0-9]{1,19}", text) or not 1 <= int(text) <= ID_MAX:
            raise serializers.ValidationError(f"A whole number from 1 to {ID_MAX} is required, or nothing.")
        return int(text)


# The API's own, and made once: a serializer for each row would take five times as long.
FIELDS = {**ProductSerializer().fields, "id": IdField()}


class Row(NamedTuple):
    number: int  # of its first line
    id: int | None = None
    name: str = ""
    price: str = ""
    quantity: int | None = 0  # None leaves the stock as it is
    wrong: str = ""  # what is wrong with it


def read_rows(file, lines):
    """Yield the Rows of a binary file; `lines` becomes the line of each id."""
    for number, cells, wrong in read_csv(file, COLUMNS):
        values, reasons = ({}, [wrong]) if wrong else validate(cells)
        pk = values.get("id")
        if pk and lines.setdefault(pk, number) != number:
            reasons.append(f"id: {pk} is in line {lines[pk]} already.")
        yield Row(number, wrong=" ".join(reasons)) if reasons else Row(number, **values)


def validate(cells):
    """Return the values, as far as they are right, and what is wrong with the others."""
    values, reasons = {}, []
    for name, cell in cells.items():
        if name == "quantity" and not cell and cells["id"]:
            values[name] = None
            continue
        try:
            values[name] = FIELDS[name].run_validation(as_written(cell) if name == "name" else cell)
        except serializers.ValidationError as error:
            reasons += [f"{name}: {message}" for message in error.detail]
    if "price" in values:
        values["price"] = money(values["price"])
    return values, reasons
