"""A file of products, brought into the catalogue: all of it or nothing."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, NamedTuple

import orjson
from django.db import connection

from accounts.services import lock_user
from order_management.files.csv import BadFile, batches
from order_management.money import money

from .import_lock import NotImported, one_at_a_time
from .models import COLUMNS, Product, ProductImport
from .rows import Row, read_rows
from .services import change_products, create_products
from .services import lock_products as lock

BAD_LINES_KEPT = 100
NEW_ID_MAX = 2**31 - 1  # so that there are ids left after it
NOTE = "import"
TABLE = Product._meta.db_table
# Never back: somebody may have been given a higher id that is not committed yet.
RAISE_SEQUENCE = """
    SELECT setval(sequence, greatest(%s, nextval(sequence)))
    FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence) AS of_products
    WHERE COALESCE(pg_sequence_last_value(sequence), 0) < %s
"""


class ImportedBefore(NotImported):
    def __init__(self, before):
        who, when = before.by or "the command import_products", f"{before.created_at:%Y-%m-%d at %H:%M} UTC"
        super().__init__(
            f"This file was already imported by {who} on {when}: created {before.created}, changed {before.changed}. "
            'Nothing was imported this time. To import it once more, choose it again and tick "Import it again".'
        )


class Plan(NamedTuple):
    """What becomes of some rows."""

    created: list
    changed: list  # pairs of a row, and what it adds to the stock
    unchanged: list
    bad: list  # pairs of the number of a line, and what is wrong with it


class Counts(NamedTuple):
    created: int
    changed: int
    unchanged: int


def ignore(*args):
    """Do nothing with what is reported."""


def import_products(file, *, by=None, dry_run=False, report=ignore, progress=ignore):
    """Create and change products as a CSV file says; return the Counts, or raise BadFile or NotImported.

    The file is binary and seekable; `by` goes into the ledger. `report(number, reason)` is called for each bad line,
    `progress(share)` now and then with what is done, from 0 to 1. A dry run does everything but write.
    """
    with check_file(file, report=report, progress=progress) as checked:
        if dry_run:
            return checked.counts
        with one_at_a_time():
            return checked.save(by=by)


@contextmanager
def check_file(file, *, report=ignore, progress=ignore):
    """Provide the CheckedFile of a file without bad lines, or raise BadFile.

    Everything is checked before anything is locked, so a bad file keeps nobody waiting.
    """
    with tempfile.TemporaryFile() as rows:
        lines = {}
        counts = add_up(check(file, lines, rows, progress), report)
        yield CheckedFile(rows, list(lines), counts, digest(file), report, progress)


class CheckedFile(NamedTuple):
    rows: BinaryIO
    ids: list  # of its products
    counts: Counts  # what its import would do now
    digest: str
    report: Callable
    progress: Callable

    def save(self, *, by, again=True):
        """Import it within `one_at_a_time`. Unless `again`, raise ImportedBefore if it was in the last 24 hours."""
        before = None if again else ProductImport.objects.recent(self.digest)
        if before:
            raise ImportedBefore(before)
        prepare(self.ids)
        counts = add_up(save(self.rows, by, self.progress), self.report)
        lock_user(by)
        username = by.username if by else ""
        ProductImport.objects.create(digest=self.digest, by=username, **counts._asdict())
        return counts


def digest(file):
    file.seek(0)
    sha256 = hashlib.sha256()
    for piece in iter(partial(file.read, 65536), b""):
        sha256.update(piece)
    return sha256.hexdigest()


def add_up(plans, report):
    """Return the Counts of the plans, or raise BadFile after the last if there is a bad line."""
    totals, bad, kept = Counts(0, 0, 0), 0, []
    for plan in plans:
        totals = Counts(*(total + len(rows) for total, rows in zip(totals, plan[:3], strict=True)))
        bad += len(plan.bad)
        kept += plan.bad[: BAD_LINES_KEPT - len(kept)]
        for line in plan.bad:
            report(*line)
    if bad:
        raise BadFile(f"Nothing was imported, for {bad} bad line{'s' if bad > 1 else ''}.", kept)
    return totals


def check(file, lines, checked, progress):
    """Yield the plans as of now, and write the rows into the file `checked`; `lines` becomes the line of each id."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    for rows in batches(read_rows(file, lines)):
        checked.write(orjson.dumps([tuple(row) for row in rows]) + b"\n")
        yield plan(rows)
        progress(file.tell() / size / 2)


def save(checked, by, progress):
    """Yield the plans once they are carried out."""
    size = checked.tell()
    checked.seek(0)
    for rows in checked:
        # Locked once more: a product may have come since, with an id of the file.
        decided = plan([Row(*row) for row in orjson.loads(rows)], locked=True)
        create_products(decided.created, by=by, note=NOTE)
        change_products(decided.changed, by=by, note=NOTE)
        yield decided
        progress((1 + checked.tell() / size) / 2)


def plan(rows, *, locked=False):
    """Return what becomes of the rows, given the products there are, which are locked if said."""
    products = Product.objects.filter(pk__in=[row.id for row in rows if row.id]).order_by("pk")
    products = products.select_for_update(no_key=True) if locked else products
    found = {product[0]: product for product in products.values_list(*COLUMNS, "deleted_at")}
    decided = Plan([], [], [], [])
    for row in rows:
        decide(row, found.get(row.id), decided)
    return decided


def decide(row, product, plan):
    """Add to the plan what becomes of the row, given the product that has its id."""
    if row.wrong:
        plan.bad.append((row.number, row.wrong))
    elif product is None:
        wrong = wrong_as_new(row)
        plan.bad.append((row.number, wrong)) if wrong else plan.created.append(row)
    else:
        pk, name, price, quantity, deleted_at = product
        stored = {"name": name, "price": money(price), "quantity": quantity}
        row = row._replace(**{field: value for field, value in stored.items() if getattr(row, field) is None})
        if deleted_at:
            plan.bad.append((row.number, f"id: Product {pk} was deleted."))
        elif (row.name, row.price, row.quantity) == tuple(stored.values()):
            plan.unchanged.append(row)
        else:
            plan.changed.append((row, row.quantity - quantity))


def wrong_as_new(row):
    """Return why the row cannot be a new product, or None."""
    for field, what in {"name": "name", "price": "price", "quantity": "stock"}.items():
        if getattr(row, field) is None:
            return f"{field}: There is no product {row.id} yet, so its {what} is required."
    if row.id and row.id > NEW_ID_MAX:
        return f"id: There is no product {row.id}, and a new one has an id up to {NEW_ID_MAX}."
    return None


def prepare(ids):
    """Lock the products that have one of the ids, in the caller's transaction, and keep others off these ids."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(RAISE_SEQUENCE, [highest := max(ids, default=0), TABLE, highest])
    for some in batches(sorted(ids)) if connection.features.has_select_for_update else []:
        lock(Product.objects.filter(pk__in=some))
