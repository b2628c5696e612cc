"""What was read at the end, when every fault was over, and all calls by route."""

import itertools
from collections import defaultdict
from functools import cached_property
from operator import itemgetter

from ..records import Attempt, Record
from .calls import UNKNOWN, Call, group_retries, merged

STOCK, EVENTS = "GET /api/products/stock/", "GET /api/orders/events/"
PRODUCTS, ORDERS = "GET /api/products/", "GET /api/orders/"


class Calls:
    """All calls of a history by route. A property about the end is None if nothing of it was read at the end."""

    def __init__(self, history):
        self.records = history.records
        self.retries = group_retries(history.records)
        self.of_load = [Call.of(merged(group)) for group in self.retries]
        self.final = [Call.of(record, is_final=True) for record in history.final]
        self.all, self.by_route = [], defaultdict(list)
        self.add(self.of_load + self.final)
        self.add(self.of_server())

    def add(self, calls):
        self.all = sorted(self.all + calls, key=lambda call: call.began)
        for call in sorted(calls, key=lambda call: call.began):
            self.by_route[call.route].append(call)

    def of_server(self):
        """Return the cancellations of forgotten orders by the server itself, as calls that were never answered."""
        rows = [row for row in self.events or () if row["by"] is None and row["action"] == "cancel"]
        return [Call.of(cancellation(row, self.all)) for row in rows]

    def of(self, *routes):
        return list(itertools.chain.from_iterable(self.by_route[route] for route in routes))

    def read(self, route):
        """Return the calls of the final reading that were answered 200, in order of time."""
        return [call for call in self.by_route[route] if call.is_final and call.status == 200]

    def rows(self, route):
        pages = self.read(route)
        return [row for page in pages for row in page.answer] if pages else None

    @cached_property
    def products(self):
        """Products by id, deleted ones too."""
        return by_id(self.rows(PRODUCTS))

    @cached_property
    def orders(self):
        return by_id(self.rows(ORDERS))

    @cached_property
    def orders_by_note(self):
        return self.orders and group(self.orders.values(), "note")

    @cached_property
    def events(self):
        """The rows of the feed, in its order."""
        return self.rows(EVENTS)

    @cached_property
    def events_by_order(self):
        return group(self.events or (), "order")

    @cached_property
    def events_by_note(self):
        return group(self.events or (), "note")

    @cached_property
    def ledger(self):
        """The rows of the feed, in its order."""
        return self.rows(STOCK)

    @cached_property
    def ledger_by_product(self):
        return group(self.ledger or (), "product")

    @cached_property
    def ledger_by_note(self):
        return group(self.ledger or (), "note")

    @cached_property
    def ledger_by_order(self):
        return group(self.ledger or (), "kind", "order", "product")

    @cached_property
    def sets_by_balance(self):
        return group((row for row in self.ledger or () if row["kind"] == "set"), "product", "balance")

    @cached_property
    def balances(self):
        """Every stock that a product ever had, by its id."""
        return {pk: {row["balance"] for row in rows} for pk, rows in self.ledger_by_product.items()}

    @cached_property
    def known_orders(self):
        """Every order that any answer showed, by id; its lines and prices never change."""
        known = {}
        for call in self.all:
            if call.route.split()[1].startswith("/api/orders/") and call.status in (200, 201):
                known |= by_id(orders_in(call.answer)) or {}
        return known

    @cached_property
    def admins(self):
        """Names of users for whom a call that is reserved for Admins succeeded."""
        reserved = "POST /api/products/create/", STOCK, EVENTS, "POST /api/orders/{id}/confirm/"
        return {call.record.user for call in self.of(*reserved) if call.status in (200, 201)}

    @cached_property
    def created(self):
        """The call that created each product, by product id, where its answer or the unique name identifies it."""
        calls = self.of("POST /api/products/create/")
        names = {row["name"]: pk for pk, row in (self.products or {}).items()}
        created = {call.answer["id"]: call for call in calls if call.status == 201}
        lost = [call for call in calls if call.outcome == UNKNOWN and call.body["name"] in names]
        return {names[call.body["name"]]: call for call in lost} | created

    @cached_property
    def created_by(self):
        return {call: pk for pk, call in self.created.items()}


def cancellation(row, calls):
    placed = (c for c in calls if c.route == "POST /api/orders/" and c.status == 201 and c.answer["id"] == row["order"])
    span = Attempt(next(placed, calls[0]).began, calls[-1].began, None)
    path = f"/api/orders/{row['order']}/cancel/"
    return Record("the server", None, "POST", path, {"note": row["note"]}, attempts=[span])


def by_id(rows):
    return None if rows is None else {row["id"]: row for row in rows}


def group(rows, *names):
    """Return lists of rows by the value of a field, or by a tuple of several."""
    key, groups = itemgetter(*names), defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def orders_in(answer):
    """Return the orders that an answer shows: one, a list or none."""
    rows = answer if isinstance(answer, list) else [answer]
    return [row for row in rows if isinstance(row, dict) and {"id", "items", "status", "total"} <= row.keys()]
