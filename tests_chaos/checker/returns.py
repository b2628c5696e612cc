"""What an order's cancellation or return gives back to the stock."""

from .calls import DONE, pieces


def given_back(call, calls):
    """Return the pieces that a cancel or return call puts back into stock, by product."""
    order = call.answer if call.outcome == DONE else calls.known_orders.get(call.pk)
    if call.route.endswith("/cancel/"):
        return pieces(order["items"]) if order else {}
    if call.body.get("restock") is False:
        return {}
    event = event_of(call, calls)
    if event and event["items"] is not None:
        return pieces(line for line in event["items"] if line["restock"])
    return pieces(call.body.get("items") or (order["items"] if order else ()))


def event_of(call, calls):
    """Return the final event of a step, by its note, or None."""
    rows = calls.events_by_note.get(call.body.get("note", ""), ())
    action = call.route.rsplit("/", 2)[1]
    return next((row for row in rows if (row["order"], row["action"]) == (call.pk, action)), None)
