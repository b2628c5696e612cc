"""Each order: some sequence of its steps and reads explains every answer (linearizability)."""

from collections import defaultdict

from .calls import DONE, UNKNOWN, pieces
from .linearizability import Operation, linearize
from .order_model import Illegal, NotReturnable, Order, Place, Read, Step, pairs, state_of
from .products import explain
from .returns import event_of

ORDER, PLACE = "GET /api/orders/{id}/", "POST /api/orders/"
STEP_ROUTES = [f"POST /api/orders/{{id}}/{action}/" for action in ("confirm", "ship", "deliver", "cancel", "return")]


def check_orders(calls):
    for pk, operations in sorted(operations_by_order(calls).items()):
        if any(isinstance(op.what, Place) for op in operations) and (failure := linearize(operations, None)):
            yield explain(f"order {pk}", failure)


def operations_by_order(calls):
    found = defaultdict(list)
    for call in calls.all:
        for pk, what in (*read(call, calls), *refusal(call)):
            found[pk].append(Operation(call.asked, call.answered, what, call))
        for pk, what in (*placing(call, calls), *step(call, calls)):
            found[pk].append(Operation(call.began, call.ended, what, call))
    return {pk: [op for op in operations if not has_lost(op, operations)] for pk, operations in found.items()}


def has_lost(operation, operations):
    """Return whether it is a refused step that overlapped with another one: even a legal step may be refused then."""
    if not isinstance(operation.what, Illegal):
        return False
    steps = (other for other in operations if isinstance(other.what, Step))
    return any(step.began <= operation.ended and operation.began <= step.ended for step in steps)


def read(call, calls):
    if call.route == ORDER and call.status == 200:
        yield call.pk, Read(state_of(call.answer))
    elif call.route == ORDER and call.status == 404 and may_see(call, calls):
        yield call.pk, Read(None)
    elif call.route == "GET /api/orders/" and call.status == 200:
        yield from ((row["id"], Read(state_of(row))) for row in call.answer)


def may_see(call, calls):
    """Return whether the caller may see this order, so that a 404 says that there is none."""
    owner = calls.known_orders.get(call.pk, {}).get("customer")
    return call.record.user in (owner, *calls.admins)


def refusal(call):
    if call.route not in STEP_ROUTES:
        return
    if call.code == "illegal_step":
        yield call.pk, Illegal(action_of(call))
    elif call.code == "not_returnable" and "more" not in call.answer:
        left = {line["product"]: line["returnable"] for line in call.answer["items"]}
        yield call.pk, NotReturnable(pairs(pieces(call.body["items"])), pairs(left))


def action_of(call):
    return call.route.rsplit("/", 2)[1]


def placing(call, calls):
    if call.route != PLACE:
        return
    if call.outcome == DONE:
        yield call.answer["id"], Place(state_of(call.answer))
    elif call.outcome == UNKNOWN and call.body.get("note"):
        for row in (calls.orders_by_note or {}).get(call.body["note"], ()):
            yield row["id"], Place(Order("pending", pairs(pieces(row["items"]))))


def step(call, calls):
    if call.route not in STEP_ROUTES:
        return
    returned = call.body.get("items")
    items = pairs(pieces(returned)) if returned else None
    if call.outcome == DONE:
        yield call.pk, Step(action_of(call), items, state_of(call.answer))
    elif call.outcome == UNKNOWN and (calls.events is None or event_of(call, calls)):
        yield call.pk, Step(action_of(call), items)
