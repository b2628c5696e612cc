"""Negative controls: the checks detect a lost order and a duplicate one."""

import contextlib
import uuid

import pytest

from tests_live.server import eventually

from .history import History
from .load import Buyer, customer

ATTEMPTS = 50


@pytest.fixture
def buyer(cluster):
    buyer = Buyer(cluster, customer(cluster, "customer0"), History(cluster))
    with buyer.open:
        yield buyer


def order_twice(buyer, headers):
    """Order, hang up before the response and order again, as an impatient client does."""
    note = uuid.uuid4().hex
    order = "POST", "/api/orders/", buyer.history.body(note)
    with buyer.cluster.connection() as connection, contextlib.suppress(TimeoutError):
        connection.timeout = 0.005
        connection.call(*order, buyer.token, headers(note))
    buyer.call(*order, headers=headers(note))


def test_a_retry_without_a_key_orders_twice_and_is_detected(buyer):
    def is_detected():
        order_twice(buyer, headers=lambda note: {})
        return any("ordered 2 times" in error for error in buyer.history.errors())

    eventually(is_detected)


def test_a_retry_with_a_key_orders_once(buyer):
    for _ in range(ATTEMPTS):
        order_twice(buyer, headers=lambda note: {"Idempotency-Key": note})

    assert list(buyer.history.errors()) == []


def test_an_asynchronous_replica_loses_orders_and_it_is_detected(cluster, buyer):
    cluster.primary.configure(synchronous_standby_names="")
    cluster.replica.stop()
    for _ in range(5):
        buyer.act()
    known = dict(buyer.history.acknowledged)
    cluster.primary.kill()
    cluster.replica.start()
    cluster.fail_over()

    errors = list(buyer.history.errors())

    assert known
    assert [f"{key} was acknowledged as order {pk} but is lost." for key, pk in known.items()] == errors
    cluster.add_replica()
