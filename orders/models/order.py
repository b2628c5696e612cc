from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW
from order_management.db.prepared import Insert, Select, SelectIn
from order_management.db.rows import RowQuerySet
from products.models import NOTE_MAX

from .events import insert_event, insert_items
from .life_cycle import IllegalTransition, LifeCycle
from .lines import OrderLine, count_lines, insert_lines, select_lines

TOTAL_MAX = Decimal("9999999999.99")


class OrderRecord(NamedTuple):
    """An order with its lines, as callers see it. A page of them takes two statements, or three if pieces came back."""

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


class OrderQuerySet(RowQuerySet):
    def visible_to(self, user):
        """A Customer sees their own orders, an Admin sees all."""
        return self if user.is_admin else self.filter(customer_id=user.pk)

    def placed_by(self, customer, *, since, now):
        """Return the times of the customer's orders since a given time, newest first, without any in the future."""
        placed = self.filter(customer=customer, created_at__gt=since, created_at__lte=now + CLOCK_SKEW)
        return placed.order_by("-created_at", "-id").values_list("created_at", flat=True)

    def created_on(self, first, last):
        """Return the orders of the days from `first` to `last`, both included; None leaves an end open.

        They are days of the current time zone: the shop's in the admin site, UTC elsewhere.
        """
        zone, orders = timezone.get_current_timezone(), self
        if first:
            orders = orders.filter(created_at__gte=datetime.combine(first, time.min, zone))
        if last:
            # The last moment of a day comes twice if clocks are set back at midnight. This is the second one.
            orders = orders.filter(created_at__lte=datetime.combine(last, time.max.replace(fold=1), zone))
        return orders

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
        lines, with_returns = {row[0]: [] for row in rows}, set()
        for row in select_lines(lines):
            lines[row[0]].append(row[1:])
            if row[-1]:
                with_returns.add(row[0])
        records = [OrderRecord(*row, lines[row[0]]) for row in rows]
        if with_returns:
            # A return changes an order and its lines. If it came after the rows were read, only the lines show it: read
            # the state of these orders again.
            states = {
                pk: {"status": status, "updated_at": updated_at}
                for pk, status, updated_at in select_states(with_returns)
            }
            records = [record._replace(**states.get(record.id, {})) for record in records]
        returned = Order.Status.RETURNED
        return [record.wholly_returned() if record.status == returned else record for record in records]

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


class Order(LifeCycle, models.Model):
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders", db_index=False)
    status = models.CharField(max_length=9, choices=LifeCycle.Status, default=LifeCycle.Status.PENDING)
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

    def take_back(self, pieces, *, restock, by, note):
        """Write a return, with the number of pieces by OrderLine; raise IllegalTransition or NotReturnable.

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


# The statements behind the manager: see order_management/db/prepared.py.
select_states = SelectIn(lambda *pks: Order.objects.filter(pk__in=pks).values_list("pk", "status", "updated_at"))
select_row = Select(lambda pk: Order.objects.filter(pk=pk).rows())
insert_order = Insert(Order, "customer", "status", "total", "note", "created_at", "updated_at")
