"""Every acknowledged order, step and booking exists exactly once, no refused one exists, and nothing is unexplained."""

from collections import Counter
from decimal import Decimal

from .calls import DONE, REFUSED, Call, money, pieces, short
from .orders import PLACE, STEP_ROUTES, action_of

SAME = "id", "customer", "total", "note", "created_at"


def check_exactly_once(calls):
    yield from other_replays(calls)
    if calls.orders is not None:
        yield from placed_orders(calls)
    if calls.events is not None:
        yield from taken_steps(calls)


def other_replays(calls):
    """A retry with the same Idempotency-Key gets the first response again."""
    for records in calls.retries:
        first, *others = [record for record in records if record.status and record.status < 300] or [None]
        for other in others:
            if (other.status, other.answer) != (first.status, first.answer):
                yield f"A retry got a different answer from {first.status} {short(first.answer)}: {Call.of(other)}"


def placed_orders(calls):
    notes, customers = set(), {call.record.user for call in calls.of(PLACE)}
    for call in calls.of(PLACE):
        note = call.body.get("note", "")
        if call.outcome == DONE:
            yield from lost_or_changed(call, calls.orders.get(call.answer["id"]))
            yield from differs_from_request(call)
        if note:
            notes.add(note)
            yield from wrong_number(call, calls.orders_by_note.get(note, ()), "order")
    for note, rows in calls.orders_by_note.items():
        if note and note not in notes and rows[0]["customer"] in customers:
            yield f"Nobody placed order {rows[0]['id']} with the note {note!r}."


def wrong_number(call, rows, what):
    """Compare a call's outcome with the number of rows that have its note, which no other call uses."""
    if call.outcome == DONE and len(rows) != 1:
        yield f"This acknowledged {what} exists {len(rows)} times: {call}"
    elif call.outcome == REFUSED and rows:
        yield f"This {what} was refused but exists: {call}"
    elif len(rows) > 1:
        yield f"This {what} was never answered and exists {len(rows)} times: {call}"


def lost_or_changed(call, order):
    """Compare what an order's first answer showed with what the order is at the end."""
    if order is None:
        yield f"This acknowledged order is lost: {call}"
        return
    first = call.answer
    wrong = [name for name in SAME if first[name] != order[name]]
    if wrong or lines_of(first) != lines_of(order):
        yield f"Order {order['id']} has changed in {', '.join(wrong or ['items'])}: {order} after {call}"


def lines_of(order):
    return [(line["product"], line["name"], line["price"], line["quantity"]) for line in order["items"]]


def differs_from_request(call):
    """An order has the pieces that were asked for, and the sum of its lines is its total."""
    answer, expected = call.answer, call.body.get("expected_total")
    if pieces(answer["items"]) != pieces(call.body["items"]):
        yield f"The order's lines differ from the request: {call}"
    total = sum(Decimal(line["price"]) * line["quantity"] for line in answer["items"])
    if money(total) != answer["total"] or (expected is not None and money(expected) != answer["total"]):
        yield f"The order's total is wrong: {call}"
    customer = call.body.get("customer", call.record.user)
    if answer["status"] != "pending" or answer["customer"].casefold() != customer.casefold():
        yield f"The new order has the wrong status or customer: {call}"


def taken_steps(calls):
    """Compare the final events with the steps and the orders that clients asked for."""
    known = Counter()
    for call in calls.of(*STEP_ROUTES):
        note = call.body.get("note", "")
        rows = [
            row for row in calls.events_by_order[call.pk] if (row["action"], row["note"]) == (action_of(call), note)
        ]
        if note:
            yield from wrong_number(call, rows, "step")
        if call.outcome != REFUSED:
            known[call.pk, action_of(call), note] += 1
        if call.outcome == DONE:
            yield from wrong_event(call, rows)
    yield from places(calls)
    ours = {call.answer["id"] for call in calls.of(PLACE) if call.outcome == DONE}
    for row in calls.events:
        is_step = row["order"] in ours and row["action"] != "place"
        if is_step and not known[row["order"], row["action"], row["note"]]:
            yield f"Nobody took the step of event {row}."


def wrong_event(call, rows):
    for row in rows[:1]:
        if row["by"] != call.record.user:
            yield f"The event {row} does not name its caller: {call}"
        if row["action"] == "return":
            yield from wrong_items(call, row)


def wrong_items(call, row):
    wanted, restock = call.body.get("items"), call.body.get("restock", True)
    if row["items"] is None or any(line["restock"] != restock for line in row["items"]):
        yield f"The event {row} does not record the return that the call asked for: {call}"
    elif wanted and pieces(row["items"]) != pieces(wanted):
        yield f"Different pieces came back in the event {row} and in the call: {call}"


def places(calls):
    """Every order has one event `place`, which is its first."""
    for pk in calls.orders or ():
        actions = [row["action"] for row in calls.events_by_order[pk]]
        if actions[:1] != ["place"] or actions.count("place") != 1:
            yield f"The events of order {pk} do not begin with one `place`: {actions}"
