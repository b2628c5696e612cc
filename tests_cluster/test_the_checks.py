"""Negative controls: the checks do notice an order that is lost, and one that is there twice."""

import contextlib
import uuid

import pytest

from tests_live.server import eventually

from .books import Books
from .load import Buyer, customer

TRIES = 50


@pytest.fixture
def buyer(cluster):
    buyer = Buyer(cluster, customer(cluster, "customer0"), Books(cluster))
    with buyer.open:
        yield buyer


def order_twice(buyer, headers):
    """Order, hang up before the answer comes, and order the same again, as somebody impatient does."""
    note = uuid.uuid4().hex
    order = "POST", "/api/orders/", buyer.made.body(note)
    with buyer.cluster.connection() as connection, contextlib.suppress(TimeoutError):
        connection.timeout = 0.005
        connection.call(*order, buyer.token, headers(note))
    buyer.insist(*order, headers=headers(note))


def test_impatience_without_a_key_orders_twice_and_is_noticed(buyer):
    def is_noticed():
        order_twice(buyer, headers=lambda note: {})
        return any("ordered 2 times" in error for error in buyer.made.errors())

    eventually(is_noticed)


def test_impatience_with_a_key_orders_once(buyer):
    for _ in range(TRIES):
        order_twice(buyer, headers=lambda note: {"Idempotency-Key": note})

    assert list(buyer.made.errors()) == []


def test_a_replica_that_nobody_waits_for_loses_orders_and_it_is_noticed(cluster, buyer):
    cluster.primary.configure(synchronous_standby_names="")
    cluster.replica.stop()
    for _ in range(5):
        buyer.act()
    known = dict(buyer.made.acknowledged)
    cluster.primary.kill()
    cluster.replica.start()
    cluster.fail_over()

    errors = list(buyer.made.errors())

    assert known
    assert [f"{key} was acknowledged as order {pk}, and is lost." for key, pk in known.items()] == errors
    cluster.add_replica()
