"""What an import does with each of its rows."""

import operator
from typing import NamedTuple

from order_management.files.csv import BadFile

from .models import COLUMNS

NEW_ID_MAX = 2**31 - 1  # leaves ids for later products
BAD_LINES_KEPT = 100


class Plan:
    """What an import does with a batch of rows. It looks up the existing products in the given queryset."""

    def __init__(self, rows, products):
        self.created, self.unchanged = [], []  # rows
        self.changed = []  # pairs of row and difference to the stock
        self.bad_lines = []  # pairs of number and reason
        products = products.filter(pk__in=[row.id for row in rows if row.id]).order_by("pk")
        found = {product.id: product for product in products.values_list(*COLUMNS, "deleted_at", named=True)}
        for row in rows:
            self.add(row, found.get(row.id))

    def add(self, row, product):
        error = row.error or (change_error(product) if product else create_error(row))
        if error:
            self.bad_lines.append((row.number, error))
        elif product is None:
            self.created.append(row)
        else:
            self.change(product, row.completed(product))

    def change(self, product, row):
        if (row.name, row.price, row.quantity) == (product.name, product.price, product.quantity):
            self.unchanged.append(row)
        else:
            self.changed.append((row, row.quantity - product.quantity))

    def counts(self):
        return Counts(len(self.created), len(self.changed), len(self.unchanged))


def change_error(product):
    """Return why the product cannot be changed, or None."""
    return f"id: Product {product.id} was deleted." if product.deleted_at else None


def create_error(row):
    """Return why the row cannot become a new product, or None."""
    for field, noun in {"name": "name", "price": "price", "quantity": "stock"}.items():
        if getattr(row, field) is None:
            return f"{field}: There is no product {row.id} yet, so its {noun} is required."
    if row.id and row.id > NEW_ID_MAX:
        return f"id: There is no product {row.id}, and a new one can have an id up to {NEW_ID_MAX}."
    return None


class Counts(NamedTuple):
    """How many products an import creates, changes and leaves unchanged."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def summary(self, *, dry_run):
        created = "Would have created" if dry_run else "Created"
        return f"{created} {self.created}, changed {self.changed}, left {self.unchanged} unchanged."


def add_up(plans):
    """Return the Counts of all plans together, or raise BadFile with their first bad lines."""
    counts, bad_count, bad_lines = Counts(), 0, []
    for plan in plans:
        counts = Counts(*map(operator.add, counts, plan.counts()))
        bad_count += len(plan.bad_lines)
        bad_lines += plan.bad_lines[: BAD_LINES_KEPT - len(bad_lines)]
    if bad_count:
        lines = "line" if bad_count == 1 else "lines"
        raise BadFile(f"Nothing was imported because of {bad_count} bad {lines}.", bad_lines)
    return counts
