"""The row of the final ledger that a call's change of a product has written.

The ledger says in which order the stock changed. A search that uses this has little to try, and it proves more: that
the calls could have happened in exactly that order.
"""

from .calls import DONE
from .returns import event_of


def row_of(call, pk, calls):
    """Return the row, or None if there is none or it cannot be told."""
    find = FIND.get(call.route)
    rows = find(call, pk, calls) if find and calls.ledger else ()
    return rows[0] if len(rows) == 1 else None


def ordered(call, pk, calls):
    order = placed(call, calls)
    return calls.ledger_by_order["ordered", order["id"], pk] if order else ()


def placed(call, calls):
    """Return the order that a call placed, or None."""
    if call.outcome == DONE:
        return call.answer
    note = call.body.get("note")
    return next(iter(calls.orders_by_note.get(note, ())), None) if note and calls.orders else None


def cancelled(call, pk, calls):
    return calls.ledger_by_order["cancelled", call.pk, pk]


def returned(call, pk, calls):
    """The returns of an order write their rows in the order of its events."""
    rows = calls.ledger_by_order["returned", call.pk, pk]
    events = [event for event in calls.events_by_order[call.pk] if gives_back(event, pk)]
    event = event_of(call, calls)
    if event not in events or len(events) != len(rows):
        return ()
    number = events.index(event)
    return rows[number : number + 1]


def gives_back(event, pk):
    return any(line["product"] == pk and line["restock"] for line in event["items"] or ())


def booked(call, pk, calls):
    rows = calls.ledger_by_note[call.body["note"]] if call.body.get("note") else ()
    return [row for row in rows if row["product"] == pk]


def counted(call, pk, calls):
    """The load sets each stock to a number of its own."""
    rows = calls.sets_by_balance[pk, call.body.get("quantity")]
    return [row for row in rows if not row["note"]]


FIND = {
    "POST /api/orders/": ordered,
    "POST /api/orders/{id}/cancel/": cancelled,
    "POST /api/orders/{id}/return/": returned,
    "POST /api/products/{id}/stock/": booked,
    "POST /api/products/stock/": booked,
    "PUT /api/products/{id}/": counted,
    "PATCH /api/products/{id}/": counted,
}
