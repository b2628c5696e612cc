"""Histories of a correct shop pass, whatever overlaps and gets lost; with one false answer, most do not."""

import random
import re
import time

import pytest

from tests_chaos.checker import check

from .simulation import Simulation


@pytest.mark.parametrize("seed", range(10))
def test_right(seed):
    assert check(Simulation(seed).run(400)) == []


@pytest.mark.parametrize("lost", [0, 0.3])
def test_right_whatever_is_lost(lost):
    assert check(Simulation(7, clients=16, products=2, lost=lost).run(600)) == []


def falsify_read(record):
    record.answer["quantity"] += 1


def falsify_order(record):
    record.status, record.answer = 409, {"code": "out_of_stock", "items": []}


def falsify_refusal(record):
    for line in record.answer.get("items", ()):
        line["available"] += 1


def forget(record):
    record.answer.pop()


FALSE = {
    "a read": ("GET /api/products/1/", 200, falsify_read),
    "an order": ("POST /api/orders/", 201, falsify_order),
    "a refusal": ("POST /api/orders/", 409, falsify_refusal),
    "a page of a feed": (r"GET /api/orders/events/\?cursor=.*", 200, forget),
}


def is_of(record, call):
    return re.fullmatch(call, f"{record.method} {record.path}")


@pytest.mark.parametrize(("call", "status", "falsify"), FALSE.values(), ids=FALSE)
def test_one_false_answer_is_mostly_found(call, status, falsify):
    found = 0
    for seed in range(5):
        history = Simulation(seed).run(400)
        records = [r for r in history.records if is_of(r, call) and r.status == status]
        falsify(random.Random(seed).choice([r for r in records if r.answer]))
        found += bool(check(history))
    assert found > 2


class HotProduct(Simulation):
    """Nearly all calls are of one product."""

    def choose(self, client, user):
        if self.random.random() < 0.1:
            return super().choose(client, user)
        key, note, count = {"Idempotency-Key": self.note()}, self.note(), self.random.randint(1, 5)
        read = "GET", "/api/products/1/", None, {}
        order = "POST", "/api/orders/", {"items": [{"product": 1, "quantity": count}], "note": note}, key
        booking = "POST", "/api/products/1/stock/", {"delta": 4 * count, "note": note}, key
        return self.random.choice([read, read, order, order, order, booking])


def test_many_calls_of_one_product_are_checked_in_seconds():
    history = HotProduct(1, clients=16, products=2).run(3000)

    began = time.process_time()
    assert check(history) == []
    assert time.process_time() - began < 10
