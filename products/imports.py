"""The import of a CSV file of products: all of its rows or none."""

import hashlib
import os
import pickle
import tempfile

from accounts.models import User
from order_management.batches import batches
from order_management.db.sequences import reserve_ids
from order_management.files.csv import BATCH

from .import_lock import ImportConflict, import_lock
from .import_plan import Plan, add_up
from .models import Product, ProductImport, StockMovement
from .rows import RowReader
from .services import lock_products

Kind = StockMovement.Kind
NOTE = "import"  # in the ledger


class AlreadyImported(ImportConflict):
    def __init__(self, earlier):
        who, when = earlier.by or "the import_products command", f"{earlier.created_at:%Y-%m-%d at %H:%M} UTC"
        super().__init__(
            f"This file was already imported by {who} on {when}: created {earlier.created}, changed {earlier.changed}. "
            'Nothing was imported this time. To import it once more, choose it again and tick "Import again".'
        )


def import_products(file, *, by=None, dry_run=False, report=None):
    """Import a file, or only check it, and return the Counts. Raise BadFile or ImportConflict.

    After each batch of rows, `report` gets its bad lines and the share of the work that is done, from 0 to 1.
    """
    with ProductImporter(file, by=by, report=report) as importer:
        importer.check()
        if not dry_run:
            with import_lock():
                importer.save()
        return importer.counts


class ProductImporter:
    """Imports a CSV file of products, in two steps: `check()`, then `save()` within `import_lock()`.

    The file is binary and seekable. `by` is the user for the ledger, or None for a management command. Everything is
    checked before anything is locked, so nobody waits for a bad file. Rows are handled in batches, and kept in a
    temporary file between the steps, so memory is bounded.
    """

    def __init__(self, file, *, by=None, report=None):
        self.file, self.by, self.report = file, by, report
        self.checked = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.checked.close()

    def check(self):
        """Check every row against the products as they are now. Raise BadFile if there are bad lines."""
        size = self.file.seek(0, os.SEEK_END)
        self.file.seek(0)
        reader = RowReader(self.file)
        self.counts = add_up(self.check_batches(reader, size))
        self.ids = sorted(reader.line_of)
        self.file.seek(0)
        self.digest = hashlib.file_digest(self.file, "sha256").hexdigest()

    def check_batches(self, reader, size):
        for rows in batches(reader, BATCH):
            pickle.dump(rows, self.checked)
            yield self.plan(rows, Product.objects.all(), self.file.tell() / size / 2)

    def refuse_repetition(self):
        """Raise AlreadyImported if the same file was imported in the last 24 hours."""
        earlier = ProductImport.objects.recent(self.digest)
        if earlier:
            raise AlreadyImported(earlier)

    def save(self):
        """Create and change the products. Raise BadFile if a row is no longer valid."""
        self.lock_products()
        self.counts = add_up(self.save_batches())
        self.record()

    def save_batches(self):
        size = self.checked.tell()
        self.checked.seek(0)
        while self.checked.tell() < size:
            rows = pickle.load(self.checked)  # noqa: S301 - this process has written it
            # Locked again: since the check, someone may have created a product with an id from the file.
            products = Product.objects.select_for_update(no_key=True)
            plan = self.plan(rows, products, (1 + self.checked.tell() / size) / 2)
            self.write(plan)
            yield plan

    def plan(self, rows, products, done):
        plan = Plan(rows, products)
        if self.report:
            self.report(plan.bad_lines, done)
        return plan

    def lock_products(self):
        """Lock the products of the file, in ascending id, and reserve the ids that are new."""
        reserve_ids(Product, last=max(self.ids, default=0))
        for ids in batches(self.ids, BATCH):
            lock_products(Product.objects.filter(pk__in=ids))

    def write(self, plan):
        created = Product.objects.bulk_create(map(to_product, plan.created))
        Product.objects.update_all([to_product(row) for row, _ in plan.changed], ["name", "price", "quantity"])
        movements = [(product.pk, Kind.CREATED, product.quantity, product.quantity) for product in created]
        movements += [(row.id, Kind.SET, delta, row.quantity) for row, delta in plan.changed if delta]
        StockMovement.objects.add_all(movements, by=self.by, note=NOTE)

    def record(self):
        User.objects.lock(self.by)
        username = self.by.username if self.by else ""
        ProductImport.objects.create(digest=self.digest, by=username, **self.counts._asdict())


def to_product(row):
    return Product(id=row.id, name=row.name, price=row.price, quantity=row.quantity)
