"""Concurrent orders on two workers: nothing is oversold, and nothing in stock is refused."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .databases import ON_POSTGRES, orders_waiting_for_a_deletion, product_being_deleted
from .server import PASSWORD, manage

ORDERS = "/api/orders/"


def order(server, *pairs, key=None):
    """Return the call that orders pairs of product and quantity."""
    items = [{"product": product["id"], "quantity": quantity} for product, quantity in pairs]
    return "POST", ORDERS, {"items": items}, server.customer, {"Idempotency-Key": key}


def statuses(answers):
    return sorted(answer.status for answer in answers)


def stock(server, product):
    return server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["quantity"]


def ledger(server, product):
    return server.call("GET", f"/api/products/{product['id']}/stock/?page_size=1000", token=server.admin).body


@pytest.fixture(autouse=True)
def _ledger_matches_the_stock(server):
    yield
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_64_buyers_share_10_pieces(server):
    product = server.create_product(quantity=10)

    answers = server.at_once([order(server, (product, 1))] * 64)

    assert statuses(answers) == [201] * 10 + [409] * 54
    assert stock(server, product) == 0
    assert [row["balance"] for row in ledger(server, product)] == list(range(11))


def test_nobody_is_refused_while_there_is_enough_stock(server):
    choose = random.Random(64)
    products = [server.create_product(quantity=1000) for _ in range(5)]
    baskets = [[(p, choose.randint(1, 3)) for p in choose.sample(products, choose.randint(1, 3))] for _ in range(200)]
    calls = [order(server, *basket) for basket in baskets]

    rounds = server.rounds_at_once([calls[n::20] for n in range(20)])

    assert {answer.status for answers in rounds for answer in answers} == {201}
    for product in products:
        sold = sum(quantity for basket in baskets for bought, quantity in basket if bought is product)
        assert stock(server, product) == 1000 - sold


def test_the_same_products_in_opposite_order_do_not_deadlock(server, seconds):
    one, other = server.create_product(quantity=10**6), server.create_product(quantity=10**6)
    there, back = order(server, (one, 1), (other, 1)), order(server, (other, 1), (one, 1))
    end, placed = time.monotonic() + seconds, 0

    while time.monotonic() < end:
        rounds = server.rounds_at_once([[there] * 10, [back] * 10] * 4)
        assert {answer.status for answers in rounds for answer in answers} == {201}
        placed += 80

    assert stock(server, one) == stock(server, other) == 10**6 - placed


def test_50_concurrent_retries_place_one_order(server):
    product = server.create_product(quantity=1)

    for key in ("first", "second"):
        answers = server.at_once([order(server, (product, 1), key=key)] * 50)
        if key == "first":
            assert {answer.status for answer in answers} == {201}
            assert len({str(answer.body) for answer in answers}) == 1
            assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
        else:
            assert {answer.status for answer in answers} == {409}

    assert len(ledger(server, product)) == 2


@pytest.mark.parametrize("steps", [("cancel", "ship"), ("cancel", "cancel")])
def test_only_one_of_two_concurrent_steps_is_taken(server, steps):
    product = server.create_product(quantity=100)
    for _ in range(10):
        method, path, body, token, _ = order(server, (product, 2))
        placed = server.call(method, path, body, token).body
        path = f"{ORDERS}{placed['id']}/"
        assert server.call("POST", f"{path}confirm/", token=server.admin).status == 200

        answers = server.at_once([("POST", f"{path}{step}/", None, server.admin) for step in steps * 4])

        assert statuses(answers) == [200] + [409] * 7
        events = server.call("GET", f"{path}events/", token=server.admin).body
        assert [event["status"] for event in events] == ["pending", "confirmed", events[2]["status"]]
        back = sum(row["delta"] for row in ledger(server, product) if row["order"] == placed["id"])
        assert back == (0 if events[2]["status"] == "cancelled" else -2)
        if back:
            server.call("POST", f"{path}deliver/", token=server.admin)
            assert server.call("POST", f"{path}return/", token=server.admin).status == 200

    assert stock(server, product) == 100


def test_setting_the_stock_loses_no_sale(server):
    product = server.create_product(quantity=500)
    put = ("PUT", f"/api/products/{product['id']}/", {"quantity": 500, "price": 5}, server.admin)

    rounds = server.rounds_at_once([[order(server, (product, 1))] * 20] * 8 + [[put] * 20] * 2)

    assert {answer.status for answers in rounds for answer in answers} == {200, 201}
    rows = ledger(server, product)
    assert sum(row["kind"] == "ordered" for row in rows) == 160
    assert sum(row["delta"] for row in rows) == stock(server, product)


def test_no_order_contains_a_product_that_was_deleted_before(server):
    product, other = server.create_product(quantity=1000), server.create_product(quantity=1000)
    delete = ("DELETE", f"/api/products/{product['id']}/delete/", None, server.admin)

    rounds = server.rounds_at_once([[order(server, (other, 1), (product, 1))] * 10] * 8 + [[delete]])

    assert rounds[-1][0].status == 200
    for answers in rounds[:-1]:
        assert {answer.status for answer in answers} <= {201, 400}
        assert [answer.status for answer in answers] == sorted(answer.status for answer in answers)
    method, path, body, token, _ = order(server, (product, 1))
    assert server.call(method, path, body, token).status == 400
    sold = sum(answer.status == 201 for answers in rounds[:-1] for answer in answers)
    assert stock(server, other) == 1000 - sold


def test_a_product_is_restored_with_the_stock_of_orders_canceled_meanwhile(server):
    for _ in range(5):
        product = server.create_product(quantity=10)
        placed = [server.call(*order(server, (product, 1))).body["id"] for _ in range(7)]
        path = f"/api/products/{product['id']}/"
        assert server.call("DELETE", f"{path}delete/", token=server.admin).status == 200

        restore = "POST", f"{path}restore/", None, server.admin
        restored, *cancelled = server.at_once(
            [restore, *[("POST", f"{ORDERS}{pk}/cancel/", None, server.customer) for pk in placed]]
        )

        assert statuses([restored, *cancelled]) == [200] * 8
        assert restored.body["quantity"] in range(3, 11)
        assert stock(server, product) == 10
        assert [row["balance"] for row in ledger(server, product)] == [*range(10, 2, -1), *range(4, 11)][::-1]


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer: the order begins after the deletion")
def test_an_order_that_waited_for_a_deletion_is_refused(server):
    product = server.create_product(quantity=10)
    with ThreadPoolExecutor() as threads:
        with product_being_deleted(server.database_url, product["id"]):
            answer = threads.submit(server.call, *order(server, (product, 1)))
            time.sleep(0.5)  # the order is waiting for the row by now
            assert not answer.done()

        assert answer.result().status == 400
        assert answer.result().body == {"items": [f"There is no product {product['id']}."]}


@pytest.mark.parametrize("key", [None, "a-key"])
def test_an_order_whose_customer_is_deleted_while_it_waits_is_a_401(server, key):
    product = server.create_product(quantity=10)
    name = f"leaving-{key}"
    server.call("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD})
    token = server.login(name)["access"]
    user = server.call("GET", "/api/accounts/me/", token=token).body["id"]
    method, path, body, _, headers = order(server, (product, 1), key=key)
    with ThreadPoolExecutor() as threads:
        with orders_waiting_for_a_deletion(server.database_url, user, product["id"]):
            answer = threads.submit(server.call, method, path, body, token, headers)
            time.sleep(0.5)  # the order is waiting for the row by now
            assert not answer.done()

        assert (answer.result().status, answer.result().body) == (
            401,
            {"detail": "Token is invalid or expired.", "code": "token_not_valid"},
        )
        assert answer.result().headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert stock(server, product) == 10
    assert len(ledger(server, product)) == 1
