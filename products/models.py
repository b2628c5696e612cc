from datetime import timedelta
from decimal import Decimal
from itertools import chain

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW
from order_management.db.prepared import Get, Insert, SelectIn, Update, UpdateByPk, padded
from order_management.db.rows import RowQuerySet
from order_management.feeds.models import FeedQuerySet, FeedRow

PRICE_MAX = Decimal("99999999.99")
QUANTITY_MAX = 2**31 - 1
NOTE_MAX = 500
LOW_STOCK = 5  # pieces; with this many or fewer, it is time to reorder
COLUMNS = ["id", "name", "price", "quantity"]


class ProductQuerySet(RowQuerySet):
    def listed(self):
        """Leave out deleted products."""
        return self.filter(deleted_at=None)

    def deleted(self):
        """Leave out all but deleted products."""
        return self.filter(deleted_at__isnull=False)

    def rows(self):
        """Return the products as named tuples of what callers see: a long list costs half as much as with instances."""
        return self.values_list(*COLUMNS, named=True)

    def remove(self):
        """Take the products out of every list. The rows stay, because orders refer to them."""
        return self.listed().update(deleted_at=timezone.now())

    def restore(self):
        """Undo the deletion of the products; return how many were deleted."""
        return self.deleted().update(deleted_at=None)


class ProductManager(models.Manager.from_queryset(ProductQuerySet)):
    def get_listed(self, pk):
        """Return the product, or None if there is none or it was deleted."""
        return select_listed(pk)

    def lock(self, pk):
        """Do the same as `get_listed`, and lock the product until the transaction ends."""
        return select_locked(pk)

    def lock_any(self, pk):
        """Do the same as `lock`, but also for a deleted product."""
        return self.select_for_update(no_key=True).filter(pk=pk).first()

    def lock_listed(self, pks):
        """Lock those products that are listed, in ascending id, until the transaction ends; return them by id."""
        products = self.listed().filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)
        return {product.pk: product for product in products}

    def prices(self, pks):
        """Return the names and prices of listed products, by id."""
        return {pk: (name, price) for pk, name, price in select_prices(pks)}

    def prices_and_stock(self, pks):
        """Return the names, prices and quantities of listed products, by id, as they are at one moment."""
        return {pk: (name, price, quantity) for pk, name, price, quantity in select_prices_and_stock(pks)}

    def lock_stock(self, pks):
        """Lock products until the transaction ends; return their name, price, quantity and `deleted_at`, by id."""
        return {pk: values for pk, *values in select_stock(sorted(pks))}

    def change_stock(self, deltas):
        """Add `deltas`, by product id, to the stock of locked products. The results must be from 0 to QUANTITY_MAX."""
        if deltas:
            update_stock(*chain(*padded(deltas.items())))

    def update_all(self, products, fields):
        """Write the given fields of products, which must exist and be locked."""
        # One INSERT ... ON CONFLICT is twenty times faster than bulk_update().
        self.bulk_create(products, update_conflicts=True, unique_fields=["id"], update_fields=fields)

    def add(self, *, name, price, quantity):
        """Create a product."""
        [pk] = insert_product((name, price, quantity))
        return self.model(pk=pk, name=name, price=price, quantity=quantity)


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    quantity = models.PositiveIntegerField(validators=[MaxValueValidator(QUANTITY_MAX)])
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProductManager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="price_in_bounds"),
            # The column itself refuses negative numbers.
            models.CheckConstraint(condition=Q(quantity__lte=QUANTITY_MAX), name="quantity_in_bounds"),
        ]
        # One for each ordering of the list, which has either no deleted products or no others.
        indexes = [
            models.Index(fields=["id"], name="deleted_by_id", condition=Q(deleted_at__isnull=False)),
            *[
                models.Index(fields=[field, "id"], name=f"{name}_by_{field}", condition=condition)
                for name, condition in {"listed": Q(deleted_at=None), "deleted": Q(deleted_at__isnull=False)}.items()
                for field in ("name", "price", "quantity")
            ],
        ]

    def __str__(self):
        return self.name

    def update(self, **changes):
        """Change the given fields, and write no others: a sale may change the quantity at any time."""
        for field, value in changes.items():
            setattr(self, field, value)
        if changes:
            update_product(self.pk, **changes)


class StockMovementQuerySet(FeedQuerySet):
    def rows(self):
        """Return the movements as named tuples: what Admins see, and the position in the feed."""
        columns = ["id", "product_id", "kind", "delta", "balance", "order", "by__username", "note", "created_at"]
        return self.values_list(*columns, "position", named=True)


class StockMovementManager(models.Manager.from_queryset(StockMovementQuerySet)):
    def add(self, product_id, kind, delta, balance, *, by, note=""):
        """Write a row of the ledger."""
        self.add_all([(product_id, kind, delta, balance)], by=by, note=note)

    def add_all(self, movements, *, by, order=None, note=""):
        """Write rows of the ledger, as tuples of product id, kind, delta and balance. Their products must be locked."""
        shared = (order, by and by.pk, note, timezone.now())
        insert_movements(*((*movement, *shared) for movement in movements))


class StockMovement(FeedRow):
    """A row of the ledger: a change of a product's stock. Rows are added, never changed or removed.

    A product's `quantity` always equals the sum of its deltas and the balance of its newest movement.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        SET = "set"
        ADJUSTED = "adjusted"
        ORDERED = "ordered"
        CANCELLED = "cancelled"
        RETURNED = "returned"

    product = models.ForeignKey(Product, models.PROTECT, related_name="movements", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind)
    delta = models.IntegerField()
    balance = models.PositiveIntegerField()
    # The id of an order; no foreign key, because products know nothing of orders.
    order = models.PositiveBigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = StockMovementManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0) | Q(kind="created"), name="movement_moves"),
        ]
        indexes = [
            models.Index(fields=["product", "id"], name="ledger"),
            models.Index(fields=["position", "id"], name="stock_feed"),
        ]

    def __str__(self):
        return f"{self.kind} {self.delta:+}"


class ProductImportManager(models.Manager):
    def recent(self, digest):
        """Return the newest import of a file with this digest in the last 24 hours, or None."""
        now = timezone.now()
        recent = self.filter(created_at__gt=now - timedelta(hours=24), created_at__lte=now + CLOCK_SKEW)
        return recent.filter(digest=digest).order_by("-id").first()


class ProductImport(models.Model):
    """A file of products that was imported, and the result. Rows are kept, like those of the ledger."""

    digest = models.CharField(max_length=64)  # SHA-256 of the file
    # The username at the time, or blank for the command. No foreign key: the import outlasts the user, and the previous
    # version, which does not know this table, must still be able to delete users.
    by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()

    objects = ProductImportManager()

    class Meta:
        indexes = [models.Index(fields=["digest", "id"], name="imports_of_a_file")]

    def __str__(self):
        return self.digest


# The statements behind the managers: see order_management/db/prepared.py.
select_listed = Get(lambda pk: Product.objects.listed().filter(pk=pk))
select_locked = Get(lambda pk: Product.objects.listed().filter(pk=pk).select_for_update(no_key=True))
select_prices = SelectIn(lambda *pks: Product.objects.listed().filter(pk__in=pks).values_list("pk", "name", "price"))
select_prices_and_stock = SelectIn(lambda *pks: Product.objects.listed().filter(pk__in=pks).values_list(*COLUMNS))
# In ascending order, so that two transactions with the same products cannot deadlock. SQLite has no row locks and
# needs none: the transaction holds the only write lock.
select_stock = SelectIn(
    lambda *pks: (
        Product.objects.filter(pk__in=pks)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list(*COLUMNS, "deleted_at")
    )
)
# The values alternate: key, delta, key, delta.
update_stock = Update(
    lambda *values: (
        Product.objects.filter(pk__in=values[::2]),
        {
            "quantity": F("quantity")
            + Case(*(When(pk=pk, then=delta) for pk, delta in zip(values[::2], values[1::2], strict=True)))
        },
    )
)
update_product = UpdateByPk(Product)
insert_product = Insert(Product, "name", "price", "quantity")
insert_movements = Insert(StockMovement, "product", "kind", "delta", "balance", "order", "by", "note", "created_at")
