"""Histories of one order: every answer must have an order of the steps that explains it."""

import pytest

from tests_chaos.checker.final import Calls
from tests_chaos.checker.orders import check_orders
from tests_chaos.records import Attempt, History, Record

ILLEGAL, TIMES = "illegal_step", [(2, 3), (4, 5), (6, 7), (8, 9), (10, 11)]


def order(status="pending", returned=0):
    line = {"product": 1, "name": "Bat", "price": "1200.00", "quantity": 3, "returned": returned}
    return {"id": 1, "customer": "carl", "status": status, "items": [line], "total": "3600.00"}


def call(method, path, body, answer, at, status=200):
    attempt = Attempt(*(at or (2, 3)), at and status)
    return Record("client", "carl", method, f"/api/{path}", body, {}, [attempt], at and status, answer)


def placed():
    body = {"items": [{"product": 1, "quantity": 3}], "note": "first"}
    return call("POST", "orders/", body, order(), (0, 1), status=201)


def read(at, *state):
    return call("GET", "orders/1/", None, order(*state), at)


def listed(at, *state):
    return call("GET", "orders/", None, [order(*state)], at)


def stepped(action, at, *state, count=None):
    body = {"items": [{"product": 1, "quantity": count}]} if count else {}
    return call("POST", f"orders/1/{action}/", body, order(*state) if at else None, at)


def refused(action, at, code=ILLEGAL, **body):
    answer = {"code": code, "items": [{"product": 1, "requested": 3, "returnable": 1}]}
    return call("POST", f"orders/1/{action}/", body, answer, at, status=409)


def delivered():
    steps = {"confirm": "confirmed", "ship": "shipped", "deliver": "delivered"}
    return [placed(), *(stepped(step, at, status) for (step, status), at in zip(steps.items(), TIMES, strict=False))]


def errors(*records):
    return list(check_orders(Calls(History(list(records)))))


BEFORE, AFTER, LATER = (8, 9), (10, 11), (12, 13)
THREE = {"items": [{"product": 1, "quantity": 3}]}
RIGHT = {
    "one of two steps wins": [placed(), stepped("confirm", BEFORE, "confirmed"), refused("confirm", BEFORE)],
    "a step loses that would be legal": [
        placed(),
        stepped("confirm", BEFORE, "confirmed"),
        refused("cancel", BEFORE),
        read(AFTER, "confirmed"),
    ],
    "cancelled after it was confirmed": [
        placed(),
        stepped("confirm", BEFORE, "confirmed"),
        stepped("cancel", BEFORE, "cancelled"),
    ],
    "an unanswered step is taken": [placed(), stepped("confirm", None), read(AFTER, "confirmed")],
    "or not": [placed(), stepped("confirm", None), read(AFTER)],
    "returned in parts": [
        *delivered(),
        stepped("return", BEFORE, "delivered", 2, count=2),
        stepped("return", AFTER, "returned", 3, count=1),
    ],
    "returned as a whole": [*delivered(), stepped("return", BEFORE, "returned", 3)],
    "too much is returned": [
        *delivered(),
        stepped("return", BEFORE, "delivered", 2, count=2),
        refused("return", AFTER, "not_returnable", **THREE),
    ],
}
WRONG = {
    "both of two steps win": [
        placed(),
        stepped("confirm", BEFORE, "confirmed"),
        stepped("confirm", BEFORE, "confirmed"),
    ],
    "a step is lost": [placed(), stepped("confirm", BEFORE, "confirmed"), read(AFTER)],
    "a step is skipped": [placed(), stepped("ship", BEFORE, "shipped")],
    "refused though it is legal": [placed(), refused("confirm", BEFORE)],
    "refused after the other step": [placed(), stepped("confirm", BEFORE, "confirmed"), refused("cancel", AFTER)],
    "a refund twice": [
        *delivered(),
        stepped("return", BEFORE, "returned", 3),
        stepped("return", AFTER, "returned", 3),
    ],
    "more comes back than was sold": [
        *delivered(),
        stepped("return", BEFORE, "delivered", 2, count=2),
        stepped("return", AFTER, "returned", 4, count=2),
    ],
    "a return is lost": [
        *delivered(),
        stepped("return", BEFORE, "delivered", 1, count=1),
        stepped("return", AFTER, "delivered", 1, count=1),
    ],
    "returnable though nothing came back": [*delivered(), refused("return", AFTER, "not_returnable", **THREE)],
    "not returnable though it is not delivered": [placed(), refused("return", AFTER, "not_returnable", **THREE)],
    "a stale list": [placed(), stepped("confirm", BEFORE, "confirmed"), listed(AFTER)],
    "an unanswered step is taken back": [
        placed(),
        stepped("confirm", None),
        read(BEFORE, "confirmed"),
        read(AFTER),
    ],
    "the order is missing": [placed(), call("GET", "orders/1/", None, {"code": "not_found"}, AFTER, status=404)],
}


@pytest.mark.parametrize("records", RIGHT.values(), ids=RIGHT)
def test_right(records):
    assert errors(*records) == []


def test_an_unanswered_order_that_exists_is_placed_once():
    lost, final = placed(), listed((20, 21), "cancelled")
    lost.status, lost.answer, lost.attempts = None, None, [Attempt(0, 1, None)]
    final.answer[0]["note"] = "first"
    records = [lost, read(BEFORE), stepped("cancel", AFTER, "cancelled")]
    assert list(check_orders(Calls(History(records, [final])))) == []

    records.append(read(LATER))
    assert list(check_orders(Calls(History(records, [final]))))


@pytest.mark.parametrize("records", WRONG.values(), ids=WRONG)
def test_wrong(records):
    [error] = errors(*records)

    assert error.startswith("No order of the calls explains the answer about order 1")
