from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW
from order_management.db.prepared import Change, Get, Insert, Put, Select, Update

PRICE_MAX = Decimal("99999999.99")
QUANTITY_MAX = 2**31 - 1
NOTE_MAX = 500
# At most so many left: time to order more.
LOW_STOCK = 5
COLUMNS = ["id", "name", "price", "quantity"]


class ProductQuerySet(models.QuerySet):
    def listed(self):
        """Leave out what was deleted."""
        return self.filter(deleted_at=None)

    def rows(self):
        """Return the listed products as dicts of what is shown of them."""
        return self.listed().values(*COLUMNS)

    def remove(self):
        """Take the products out of every list, for good; their rows stay, because orders refer to them."""
        return self.listed().update(deleted_at=timezone.now())

    def shift(self, product_id, delta):
        """Add to the stock or take from it; return whether that kept it between 0 and QUANTITY_MAX."""
        # One conditional UPDATE: the check and the change cannot be torn apart.
        return bool(shift_stock(delta, product_id, max(0, -delta), min(QUANTITY_MAX, QUANTITY_MAX - delta)))


# Delta, key, and the bounds within which the stock must be before.
shift_stock = Update(
    lambda delta, pk, least, most: (
        Product.objects.filter(pk=pk, quantity__gte=least, quantity__lte=most),
        {"quantity": F("quantity") + delta},
    )
)


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    quantity = models.PositiveIntegerField(validators=[MaxValueValidator(QUANTITY_MAX)])
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="price_in_bounds"),
            # The column itself refuses what is below zero.
            models.CheckConstraint(condition=Q(quantity__lte=QUANTITY_MAX), name="quantity_in_bounds"),
        ]
        # One for each ordering of the list, which shows no deleted product.
        indexes = [
            models.Index(fields=[field, "id"], name=f"listed_by_{field}", condition=Q(deleted_at=None))
            for field in ("name", "price", "quantity")
        ]

    def __str__(self):
        return self.name

    def change(self, **changes):
        """Change the given fields and write no others: a sale may change the quantity at any time."""
        for field, value in changes.items():
            setattr(self, field, value)
        if changes:
            write_product(self.pk, **changes)


class StockMovement(models.Model):
    """A row of the ledger: what changed the stock of a product. Rows are added, never changed or removed.

    A product's `quantity` is at any time the sum of its deltas and the balance of its newest movement.
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
    # The id of an order: products know nothing more of orders.
    order = models.PositiveBigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0) | Q(kind="created"), name="movement_moves"),
        ]
        indexes = [models.Index(fields=["product", "id"], name="ledger")]

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
    # The username at the time, or blank for the command. No foreign key: the import outlasts the user, and the version
    # before, which doesn't know this table, can still delete users.
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


# What is done with nearly every call: see order_management/db/prepared.py.
listed_product = Get(lambda pk: Product.objects.listed().filter(pk=pk))
locked_product = Get(lambda pk: Product.objects.listed().filter(pk=pk).select_for_update())
insert_product = Insert(Product, "name", "price", "quantity")
insert_numbered_product = Insert(Product, *COLUMNS)
put_product = Put(Product, *COLUMNS)
write_product = Change(Product)
prices = Select(lambda *pks: Product.objects.listed().filter(pk__in=pks).values_list("pk", "name", "price"))
# In ascending order, so that two transactions with the same products cannot deadlock. SQLite has no row locks and
# needs none: the transaction holds the only write lock.
locked_stock = Select(
    lambda *pks: (
        Product.objects.filter(pk__in=pks)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", "quantity", "deleted_at")
    )
)
insert_movements = Insert(StockMovement, "product", "kind", "delta", "balance", "order", "by", "note", "created_at")
