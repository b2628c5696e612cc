"""The rows of a file of products, each checked as the API checks a product."""

import re
from typing import NamedTuple

from rest_framework import serializers

from order_management.files.csv import as_written, read_csv
from order_management.files.lines import Lines
from order_management.money import money

from .models import COLUMNS
from .serializers import ProductSerializer

ID_MAX = 2**63 - 1
NUMBERS = ["price", "quantity"]
# 1.200 and 1,200: decimals in one country, thousands in another.
AMBIGUOUS = re.compile(r"\s*-?[1-9][0-9]{0,2}([.,])[0-9]{3}\s*")


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
    """A product as the file has it; None leaves a field as it is."""

    number: int  # of its first line
    id: int | None = None
    name: str | None = None
    price: str | None = None
    quantity: int | None = None
    wrong: str = ""  # what is wrong with it


def read_rows(file, lines):
    """Yield the Rows of a binary file; `lines` becomes the line of each id."""
    source = Lines(file)
    for number, cells, wrong in read_csv(source, COLUMNS):
        values, reasons = ({}, [wrong]) if wrong else validate(cells, local=source.separator != ",")
        pk = values.get("id")
        if pk and lines.setdefault(pk, number) != number:
            reasons.append(f"id: {pk} is in line {lines[pk]} already.")
        yield Row(number, wrong=" ".join(reasons)) if reasons else Row(number, **values)


def validate(cells, *, local):
    """Return the valid values, and what is wrong with the others.

    In a `local` file, whose separator is not the comma, a point may mean thousands.
    """
    values, reasons = {}, []
    for name in COLUMNS:
        try:
            values[name] = value_of(name, cells, local)
        except serializers.ValidationError as error:
            reasons += [f"{name}: {message}" for message in error.detail]
    if values.get("price") is not None:
        values["price"] = money(values["price"])
    return values, reasons


def value_of(name, cells, local):
    """Return the value of a column, or None if it stays as it is; or raise ValidationError."""
    cell = cells.get(name)
    if cells["id"] and (cell is None or (name == "quantity" and not cell)):
        return None
    if cell is None:
        cell = serializers.empty
    elif name == "name":
        cell = as_written(cell)
    elif name in NUMBERS:
        cell = with_point(cell, decimals=name == "price" and not local)
    return FIELDS[name].run_validation(cell)


def with_point(number, *, decimals):
    """Return a number with its decimal comma replaced by a point.

    Raise ValidationError if it could also mean thousands, which a point cannot if `decimals` is set.
    """
    ambiguous = AMBIGUOUS.fullmatch(number)
    if ambiguous and not (decimals and ambiguous[1] == "."):
        raise serializers.ValidationError("This could mean thousands or decimals: write 1200 or 1.20.")
    return number.replace(",", ".")
