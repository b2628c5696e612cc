from collections import defaultdict
from datetime import datetime, time
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import User
from order_management.clocks import CLOCK_SKEW
from order_management.db.prepared import Insert, Select, SelectIn
from order_management.db.rows import RowQuerySet
from order_management.exceptions import Code, Conflict
from order_management.feeds.models import FeedQuerySet, FeedRow
from products.models import NOTE_MAX, PRICE_MAX, Product

TOTAL_MAX = Decimal("9999999999.99")


class IllegalTransition(Conflict):
    """The life cycle has no such step, or another one was taken at the same moment."""

    code = Code.ILLEGAL_STEP


class NotReturnable(Conflict):
    """A line has fewer pieces left than are to be returned."""

    code = Code.NOT_RETURNABLE
    detail = "The order does not have as many pieces left to return."


class OrderRecord(NamedTuple):
    """An order with its lines, as callers see it. A page of them takes two statements."""

    id: int
    customer: str
    status: str
    total: Decimal
    note: str
    created_at: datetime
    updated_at: datetime
    # Tuples of product id, name, price, quantity, and how many pieces were returned. Named tuples would double the work
    # of the garbage collector.
    lines: list[tuple]

    def wholly_returned(self):
        """Return the record of a returned order. The previous version does not count the pieces that it returns."""
        return self._replace(lines=[(*line[:4], line[3]) for line in self.lines])


class EventRecord(NamedTuple):
    """A step that an order has taken, as callers see it."""

    id: int
    order: int
    status: str
    by: str | None
    note: str
    created_at: datetime
    action: str
    # What came back, as dicts with `product`, `quantity` and `restock`; None unless the step is a return.
    items: list[dict] | None


class OrderQuerySet(RowQuerySet):
    def visible_to(self, user):
        """A Customer sees their own orders, an Admin sees all."""
        return self if user.is_admin else self.filter(customer_id=user.pk)

    def placed_by(self, customer, *, since, now):
        """Return the times of the customer's orders since a given time, newest first, without any in the future."""
        placed = self.filter(customer=customer, created_at__gt=since, created_at__lte=now + CLOCK_SKEW)
        return placed.order_by("-created_at", "-id").values_list("created_at", flat=True)

    def created_on(self, first, last):
        """Return the orders of the days from `first` to `last`, both included.

        They are days of the current time zone: UTC, but in the admin site that of the shop.
        """
        zone = timezone.get_current_timezone()
        # The last moment of a day comes twice if clocks are set back at midnight. This is the second one.
        begin, end = datetime.combine(first, time.min, zone), datetime.combine(last, time.max.replace(fold=1), zone)
        return self.filter(created_at__gte=begin, created_at__lte=end)

    def newest(self, count):
        """Leave out all but the newest orders."""
        return self.filter(pk__in=self.order_by("-pk").values("pk")[:count])

    def rows(self):
        """Return the orders as named tuples, from which `with_lines` makes records."""
        columns = ["id", "customer__username", "status", "total", "note", "created_at", "updated_at"]
        return self.values_list(*columns, named=True)


class OrderManager(models.Manager.from_queryset(OrderQuerySet)):
    def with_lines(self, rows):
        """Return an OrderRecord for each row with the columns of `rows()`."""
        lines = {row[0]: [] for row in rows}
        for row in select_lines(lines):
            lines[row[0]].append(row[1:])
        records = [OrderRecord(*row, lines[row[0]]) for row in rows]
        return [record.wholly_returned() if record.status == Order.Status.RETURNED else record for record in records]

    def get_record(self, pk):
        """Return the OrderRecord of an order that exists."""
        [order] = self.with_lines(select_row(pk))
        return order

    def lock(self, pk):
        """Return an order that exists, locked until the transaction ends."""
        return self.select_for_update(no_key=True).get(pk=pk)

    def newest_of_product(self, product_id, count):
        """Return the ids of the newest orders of a product."""
        lines = OrderLine.objects.filter(product=product_id)
        return lines.order_by("-order").values_list("order", flat=True)[:count]

    def line_counts(self, pks):
        """Return the number of lines of each order, by order id."""
        return dict(count_lines(pks))

    def add(self, *, customer, by, lines, total, note):
        """Write a new order with its lines and its first event, by the customer or an Admin; return its OrderRecord."""
        now, status = timezone.now(), Order.Status.PENDING
        [pk] = insert_order((customer.pk, status, total, note, now, now))
        insert_lines(*((pk, *line) for line in lines))
        insert_event((pk, status, by.pk, "", now, Order.ACTIONS_TO[status]))
        return OrderRecord(pk, customer.username, status, total, note, now, now, lines)


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
    # The steps by the names that callers use.
    ACTIONS = {
        "confirm": Status.CONFIRMED,
        "ship": Status.SHIPPED,
        "deliver": Status.DELIVERED,
        "cancel": Status.CANCELLED,
        "return": Status.RETURNED,
    }
    CUSTOMER_ACTIONS = {"cancel"}
    ACTIONS_TO = {Status.PENDING: "place"} | {status: action for action, status in ACTIONS.items()}
    # Orders with one of these are not sales.
    UNSOLD = {Status.CANCELLED, Status.RETURNED}

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    # What the returned pieces cost. The previous version leaves it as it is when it returns an order.
    returned_total = models.DecimalField(max_digits=12, decimal_places=2, db_default=0)
    partly_returned = models.BooleanField(db_default=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = OrderManager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0, total__lte=TOTAL_MAX), name="total_in_bounds"),
            models.CheckConstraint(
                condition=Q(returned_total__gte=0, returned_total__lte=F("total")), name="returned_total_in_bounds"
            ),
            # Keeps the previous version from returning all pieces of an order after some have been returned.
            models.CheckConstraint(
                condition=Q(partly_returned=False) | Q(status="delivered"), name="pieces_returned_once"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "created_at", "id"], name="orders_of_customer"),
            models.Index(fields=["status", "created_at", "id"], name="orders_by_status"),
            models.Index(fields=["created_at", "id"], name="orders_by_creation"),
            models.Index(fields=["updated_at", "id"], name="orders_by_change"),
            models.Index(fields=["total", "id"], name="orders_by_total"),
            models.Index(fields=["created_at", "id"], name="partly_returned", condition=Q(partly_returned=True)),
        ]

    def __str__(self):
        return f"Order {self.pk}"

    @classmethod
    @cache
    def allowed_actions(cls, status, role):
        """Return the steps that a user with the role may take with their order in this status."""
        return [
            action
            for action, target in cls.ACTIONS.items()
            if target in cls.TRANSITIONS[status] and (role == User.Role.ADMIN or action in cls.CUSTOMER_ACTIONS)
        ]

    def move_to(self, status, *, by, note):
        """Write one step of the life cycle, or raise IllegalTransition. The instance itself does not change."""
        self.refuse_illegal(status)
        # Compare and swap: of two concurrent steps, the second finds the old status gone.
        current = Order.objects.filter(pk=self.pk, status=self.status)
        # Never earlier than before: the clock of the node that wrote it last may have been ahead.
        if not current.update(status=status, updated_at=Greatest("updated_at", timezone.now())):
            newest = Order.objects.values_list("status", flat=True).get(pk=self.pk)
            raise IllegalTransition(f"The order has just become {newest}. Look at it again.")
        insert_event((self.pk, status, by and by.pk, note, timezone.now(), self.ACTIONS_TO[status]))

    def refuse_illegal(self, status):
        if status not in self.TRANSITIONS[self.status]:
            raise IllegalTransition(f"The order is {self.status} and cannot become {status}.")

    def take_back(self, pieces, *, restock, by, note):
        """Write a return of some pieces, given by OrderLine; raise IllegalTransition or NotReturnable.

        The order must be locked. It becomes returned when its last pieces come back.
        """
        self.refuse_illegal(Order.Status.RETURNED)
        OrderLine.objects.take_back(pieces)
        is_partly = self.lines.filter(returned__lt=F("quantity")).exists()
        status = Order.Status.DELIVERED if is_partly else Order.Status.RETURNED
        Order.objects.filter(pk=self.pk).update(
            status=status,
            partly_returned=is_partly,
            # Added up here, because SQLite would add floating-point numbers.
            returned_total=self.returned_total + sum(line.price * count for line, count in pieces.items()),
            updated_at=Greatest("updated_at", timezone.now()),
        )
        [event] = insert_event((self.pk, status, by.pk, note, timezone.now(), "return"))
        insert_items(*((event, line.pk, count, restock) for line, count in pieces.items()))


class OrderLineQuerySet(models.QuerySet):
    def take_back(self, pieces):
        """Count pieces as returned, given by OrderLine; raise NotReturnable if a line has fewer left."""
        returned = F("returned") + Case(*(When(pk=line.pk, then=count) for line, count in pieces.items()))
        lines = self.filter(pk__in=[line.pk for line in pieces], quantity__gte=returned)
        if lines.update(returned=returned) < len(pieces):
            refused = [line for line in pieces if pieces[line] > line.left]
            refused.sort(key=attrgetter("product_id"))
            raise NotReturnable(
                items=[
                    {"product": line.product_id, "requested": pieces[line], "returnable": line.left} for line in refused
                ]
            )


class OrderLine(models.Model):
    """A product in an order, with the name and price at the time of ordering."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", db_index=False)
    product = models.ForeignKey(
        Product,
        models.PROTECT,
        related_name="+",
        db_index=False,
        # For the search boxes of forms.
        limit_choices_to={"deleted_at": None},
    )
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.PositiveIntegerField()
    # The previous version does not count the pieces of an order that it returns.
    returned = models.PositiveIntegerField(db_default=0)

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="product_once_per_order"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_not_empty"),
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="line_price_in_bounds"),
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="returned_at_most_ordered"),
        ]
        indexes = [models.Index(fields=["product", "order"], name="orders_of_product")]

    def __str__(self):
        return f"{self.quantity} x {self.name}"

    @property
    def left(self):
        """How many pieces can still be returned, once the order is delivered."""
        return self.quantity - self.returned

    @property
    def returned_pieces(self):
        """How many pieces were returned, also by the previous version."""
        return self.quantity if self.order.status == Order.Status.RETURNED else self.returned

    @property
    def subtotal(self):
        return self.price * self.quantity


class OrderEventQuerySet(FeedQuerySet):
    def rows(self):
        """Return the events as named tuples, from which `with_items` makes records, and their positions in the feed."""
        columns = ["id", "order_id", "status", "by__username", "note", "created_at", "action", "position"]
        return self.values_list(*columns, named=True)


class OrderEventManager(models.Manager.from_queryset(OrderEventQuerySet)):
    def with_items(self, rows):
        """Return an EventRecord for each row of `rows()`."""
        items = returned_items(rows)
        return [EventRecord(*row[:6], row.action or Order.ACTIONS_TO[row.status], items.get(row.id)) for row in rows]


def returned_items(rows):
    """Return what came back with the returns among these events, by event id."""
    items = defaultdict(list)
    for event, *item in select_items(row.id for row in rows if row.action == "return"):
        items[event].append(dict(zip(("product", "quantity", "restock"), item, strict=True)))
    # The previous version, which knows no actions, returned all lines.
    events = {row.order_id: row.id for row in rows if row.status == Order.Status.RETURNED and not row.action}
    for order, product, _, _, quantity, _ in select_lines(events):
        items[events[order]].append({"product": product, "quantity": quantity, "restock": True})
    return items


class OrderEvent(FeedRow):
    """A step that an order has taken."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="events")
    status = models.CharField(max_length=9, choices=Order.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Null in events of the previous version: it follows from the status.
    action = models.CharField(max_length=7, null=True)  # noqa: DJ001

    objects = OrderEventManager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["position", "id"], name="order_feed")]

    def __str__(self):
        return self.status


class ReturnedItem(models.Model):
    """Pieces of a line that came back with a return. Rows are added, never changed or removed."""

    event = models.ForeignKey(OrderEvent, models.PROTECT, related_name="items")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="returns")
    quantity = models.PositiveIntegerField()
    restock = models.BooleanField()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gte=1), name="returned_item_not_empty")]

    def __str__(self):
        return f"{self.quantity} x {self.line.name}"


# The statements behind the manager: see order_management/db/prepared.py.
select_row = Select(lambda pk: Order.objects.filter(pk=pk).rows())
select_lines = SelectIn(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders)
        .order_by("order", "id")
        .values_list("order_id", "product_id", "name", "price", "quantity", "returned")
    )
)
count_lines = SelectIn(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders).order_by().values_list("order_id").annotate(lines=models.Count("*"))
    )
)
insert_order = Insert(Order, "customer", "status", "total", "note", "created_at", "updated_at")
select_items = SelectIn(
    lambda *events: (
        ReturnedItem.objects.filter(event__in=events)
        .order_by("event", "id")
        .values_list("event_id", "line__product_id", "quantity", "restock")
    )
)
insert_lines = Insert(OrderLine, "order", "product", "name", "price", "quantity", "returned")
insert_event = Insert(OrderEvent, "order", "status", "by", "note", "created_at", "action")
insert_items = Insert(ReturnedItem, "event", "line", "quantity", "restock")
