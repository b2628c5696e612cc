from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from order_management.db.prepared import Insert, SelectIn
from order_management.feeds.models import FeedQuerySet, FeedRow
from products.models import NOTE_MAX

from .life_cycle import LifeCycle
from .lines import OrderLine, select_lines


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


class OrderEventQuerySet(FeedQuerySet):
    def rows(self):
        """Return the events as named tuples, from which `with_items` makes records, and their positions in the feed."""
        columns = ["id", "order_id", "status", "by__username", "note", "created_at", "action", "position"]
        return self.values_list(*columns, named=True)


class OrderEventManager(models.Manager.from_queryset(OrderEventQuerySet)):
    def with_items(self, rows):
        """Return an EventRecord for each row of `rows()`."""
        items = returned_items(rows)
        return [
            EventRecord(*row[:6], row.action or LifeCycle.ACTIONS_TO[row.status], items.get(row.id)) for row in rows
        ]


def returned_items(rows):
    """Return what came back with the returns among these events, by event id."""
    items = defaultdict(list)
    for event, *item in select_items(row.id for row in rows if row.action == "return"):
        items[event].append(dict(zip(("product", "quantity", "restock"), item, strict=True)))
    # The previous version, which knows no actions, returned all lines.
    events = {row.order_id: row.id for row in rows if row.status == LifeCycle.Status.RETURNED and not row.action}
    for order, product, _, _, quantity, _ in select_lines(events):
        items[events[order]].append({"product": product, "quantity": quantity, "restock": True})
    return items


class OrderEvent(FeedRow):
    """A step that an order has taken."""

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="events")
    status = models.CharField(max_length=9, choices=LifeCycle.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, db_index=False)
    note = models.CharField(max_length=NOTE_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Null in events of the previous version: there, it follows from the status.
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
select_items = SelectIn(
    lambda *events: (
        ReturnedItem.objects.filter(event__in=events)
        .order_by("event", "id")
        .values_list("event_id", "line__product_id", "quantity", "restock")
    )
)
insert_event = Insert(OrderEvent, "order", "status", "by", "note", "created_at", "action")
insert_items = Insert(ReturnedItem, "event", "line", "quantity", "restock")
