from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import User
from order_management.clocks import CLOCK_SKEW
from order_management.db.prepared import Insert, Select, padded
from order_management.exceptions import Conflict
from products.models import NOTE_MAX, PRICE_MAX, Product

TOTAL_MAX = Decimal("9999999999.99")


class IllegalTransition(Conflict):
    """The life cycle has no such step, or somebody else has taken one at the same moment."""


class OrderQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A Customer sees their own orders, an Admin sees all."""
        return self if user.role == User.Role.ADMIN else self.filter(customer=user)

    def placed_by(self, customer, *, since, now):
        """Return when the customer placed orders since a time, newest first; times in the future do not count."""
        placed = self.filter(customer=customer, created_at__gt=since, created_at__lte=now + CLOCK_SKEW)
        return placed.order_by("-created_at", "-id").values_list("created_at", flat=True)

    def created_on(self, first, last):
        """Those of the UTC days from `first` to `last`, both included."""
        begin, end = datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC)
        return self.filter(created_at__gte=begin, created_at__lte=end)

    def rows_of(self, customer_id):
        return self.filter(customer=customer_id).rows()

    def rows(self):
        """Return the orders as dicts of what is shown of them beside their items."""
        return self.values("id", "customer__username", "status", "total", "note", "created_at", "updated_at")


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"
        RETURNED = "returned"

    TRANSITIONS = {
        Status.PENDING: {Status.CONFIRMED, Status.CANCELLED},
        Status.CONFIRMED: {Status.SHIPPED, Status.CANCELLED},
        Status.SHIPPED: {Status.DELIVERED},
        Status.DELIVERED: {Status.RETURNED},
        Status.CANCELLED: set(),
        Status.RETURNED: set(),
    }
    # The steps, as callers name them.
    ACTIONS = {
        "confirm": Status.CONFIRMED,
        "ship": Status.SHIPPED,
        "deliver": Status.DELIVERED,
        "cancel": Status.CANCELLED,
        "return": Status.RETURNED,
    }
    CUSTOMER_ACTIONS = {"cancel"}
    # What brings the goods back into stock.
    BACK_IN_STOCK = {Status.CANCELLED, Status.RETURNED}

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0, total__lte=TOTAL_MAX), name="total_in_bounds"),
        ]
        indexes = [
            models.Index(fields=["customer", "created_at", "id"], name="orders_of_customer"),
            models.Index(fields=["status", "created_at", "id"], name="orders_by_status"),
            models.Index(fields=["created_at", "id"], name="orders_by_creation"),
            models.Index(fields=["updated_at", "id"], name="orders_by_change"),
            models.Index(fields=["total", "id"], name="orders_by_total"),
        ]

    def __str__(self):
        return f"Order {self.pk}"

    @classmethod
    @cache
    def allowed_actions(cls, status, role):
        """Return the steps that somebody of the role may take with an order of theirs in this status."""
        return [
            action
            for action, target in cls.ACTIONS.items()
            if target in cls.TRANSITIONS[status] and (role == User.Role.ADMIN or action in cls.CUSTOMER_ACTIONS)
        ]

    def move_to(self, status, *, by, note=""):
        """Take one step of the life cycle, or raise IllegalTransition."""
        if status not in self.TRANSITIONS[self.status]:
            raise IllegalTransition(f"The order is {self.status} and cannot become {status}.")
        # Compare and swap: of two steps at the same moment, one finds the old status gone.
        current = Order.objects.filter(pk=self.pk, status=self.status)
        # Never moves back: the clock of the node that wrote it may have been ahead of this one.
        if not current.update(status=status, updated_at=Greatest("updated_at", timezone.now())):
            self.refresh_from_db(fields=["status"])
            raise IllegalTransition(f"The order has just become {self.status}. Look at it again.")
        self.status = status
        self.events.create(status=status, by=by, note=note)


class OrderLine(models.Model):
    """A product of an order, with the name and price of that moment."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="product_once_per_order"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_not_empty"),
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="line_price_in_bounds"),
        ]

    def __str__(self):
        return f"{self.quantity} x {self.name}"


lines_of_orders = Select(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders)
        .order_by("order", "id")
        .values_list("order_id", "product_id", "name", "price", "quantity")
    )
)
line_counts = Select(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders).order_by().values_list("order_id").annotate(lines=models.Count("*"))
    )
)


def with_lines(orders):
    """Return the rows, as of `rows()`, each with its lines: tuples of product, name, price and quantity."""
    lines = {order["id"]: [] for order in orders}
    for row in lines_of_orders(*padded(lines)) if lines else []:
        lines[row[0]].append(row[1:])
    for order in orders:
        order["lines"] = lines[order["id"]]
    return orders


class OrderEvent(models.Model):
    """A step an order has taken."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="events")
    status = models.CharField(max_length=9, choices=Order.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self):
        return self.status


# What every order writes: see order_management/db/prepared.py.
insert_order = Insert(Order, "customer", "status", "total", "note", "created_at", "updated_at")
insert_lines = Insert(OrderLine, "order", "product", "name", "price", "quantity")
insert_event = Insert(OrderEvent, "order", "status", "by", "note", "created_at")


class IdempotencyKey(models.Model):
    """A key a user has placed an order with, and what was answered then."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    response = models.TextField()
    # A key may be forgotten after a day.
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="key_once_per_user")]

    def __str__(self):
        return self.key
