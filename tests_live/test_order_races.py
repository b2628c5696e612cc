"""Concurrent orders on two workers: nothing is oversold, and nothing in stock is refused."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from .databases import (
    ON_POSTGRES,
    count_deadlocks,
    has_lock_wait,
    orders_waiting_for_a_deletion,
    product_being_deleted,
    product_being_repriced,
)
from .server import PASSWORD, eventually, manage

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


@pytest.fixture(scope="module", autouse=True)
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
    end, placed, deadlocks = time.monotonic() + seconds, 0, count_deadlocks()

    while time.monotonic() < end:
        rounds = server.rounds_at_once([[there] * 10, [back] * 10] * 4)
        assert {answer.status for answers in rounds for answer in answers} == {201}
        placed += 80

    assert stock(server, one) == stock(server, other) == 10**6 - placed
    assert count_deadlocks() == deadlocks  # the server retries, so callers may not notice them


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


@pytest.fixture
def delivered(server):
    """A function that places and delivers an order of 10 pieces of each product, and returns its path."""

    def delivered(*products):
        path = f"{ORDERS}{server.call(*order(server, *[(product, 10) for product in products])).body['id']}/"
        for step in ("confirm", "ship", "deliver"):
            assert server.call("POST", f"{path}{step}/", token=server.admin).status == 200
        return path

    return delivered


def returning(server, path, *pairs, **fields):
    """Return the call that returns pairs of product and quantity, or all that is left."""
    items = [{"product": product["id"], "quantity": quantity} for product, quantity in pairs]
    return "POST", f"{path}return/", ({"items": items} if items else {}) | fields, server.admin


def sold(server, since):
    """Return the revenue of the orders since a time by their lines, without what was returned."""
    query = f"page_size=1000&created_after={since:%Y-%m-%dT%H:%M:%S.%fZ}"
    orders = server.call("GET", f"{ORDERS}?{query}", token=server.admin).body
    kept = [order for order in orders if order["status"] not in ("cancelled", "returned")]
    lines = [line for order in kept for line in order["items"]]
    return sum(Decimal(line["price"]) * (line["quantity"] - line["returned"]) for line in lines)


def revenue(server):
    today = datetime.now(UTC).date()
    period = f"from={today - timedelta(days=1)}&to={today}"
    return Decimal(server.call("GET", f"/api/reports/sales/?{period}", token=server.admin).body["revenue"])


@pytest.fixture
def _report_counts_what_was_kept(server):
    since, before = datetime.now(UTC), revenue(server)
    yield
    assert revenue(server) - before == sold(server, since)


@pytest.mark.usefixtures("_report_counts_what_was_kept")
def test_no_more_pieces_come_back_than_were_ordered(server, delivered):
    product = server.create_product(quantity=10)
    path = delivered(product)

    answers = server.at_once([returning(server, path, (product, 3))] * 8)

    assert statuses(answers) == [200] * 3 + [409] * 5
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"not_returnable"}
    assert server.call("GET", path, token=server.admin).body["items"][0]["returned"] == 9
    assert stock(server, product) == 9


@pytest.mark.usefixtures("_report_counts_what_was_kept")
def test_returns_of_different_lines_return_the_whole_order(server, delivered):
    products = [server.create_product(quantity=10) for _ in range(8)]
    for _ in range(5):
        path = delivered(*products)

        answers = server.at_once([returning(server, path, (product, 10)) for product in products])

        assert statuses(answers) == [200] * 8
        assert sorted(answer.body["status"] for answer in answers) == ["delivered"] * 7 + ["returned"]
        assert server.call("GET", path, token=server.admin).body["allowed_actions"] == []
        assert {stock(server, product) for product in products} == {10}


@pytest.mark.usefixtures("_report_counts_what_was_kept")
def test_a_return_of_all_that_is_left_takes_what_others_leave(server, delivered):
    product, other = server.create_product(quantity=50), server.create_product(quantity=50)
    for _ in range(5):
        path = delivered(product, other)
        parts = [returning(server, path, (product, 1), (other, 2)), returning(server, path, (other, 1), restock=False)]

        answers = server.at_once([*parts * 3, returning(server, path), ("POST", f"{path}cancel/", None, server.admin)])

        assert answers[-2].status == 200
        assert answers[-1].status == 409
        lines = server.call("GET", path, token=server.admin).body["items"]
        assert [line["returned"] for line in lines] == [10, 10]
        damaged = sum(answer.status == 200 for answer in answers[1:6:2])
        back = [row["delta"] for row in ledger(server, other) if f"{ORDERS}{row['order']}/" == path]
        assert sum(back) == -damaged


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
            eventually(lambda: has_lock_wait(server.database_url))

        assert answer.result().status == 400
        assert answer.result().body == {"items": [f"There is no product {product['id']}."]}


@pytest.mark.skipif(not ON_POSTGRES, reason="waits for a row lock")
@pytest.mark.parametrize("key", [None, "new-price"])
def test_an_order_that_waited_for_a_new_price_has_it(server, key):
    product = server.create_product(price="10.00", quantity=10)
    with ThreadPoolExecutor() as threads:
        with product_being_repriced(server.database_url, product["id"], "12.00"):
            answer = threads.submit(server.call, *order(server, (product, 2), key=key))
            eventually(lambda: has_lock_wait(server.database_url))

        assert answer.result().status == 201
        assert answer.result().body["total"] == "24.00"
    assert server.call(*order(server, (product, 2), key=key)).body["total"] == "24.00"


@pytest.mark.skipif(not ON_POSTGRES, reason="waits for a row lock")
def test_an_order_that_waited_for_a_new_price_is_refused_if_it_expected_the_old_one(server):
    product = server.create_product(price="10.00", quantity=10)
    method, path, body, *rest = order(server, (product, 2))
    with ThreadPoolExecutor() as threads:
        with product_being_repriced(server.database_url, product["id"], "12.00"):
            answer = threads.submit(server.call, method, path, body | {"expected_total": "20.00"}, *rest)
            eventually(lambda: has_lock_wait(server.database_url))

        assert answer.result().status == 409
        assert (answer.result().body["code"], answer.result().body["total"]) == ("total_differs", "24.00")
    assert stock(server, product) == 10


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
            if ON_POSTGRES:
                eventually(lambda: has_lock_wait(server.database_url))
            else:
                time.sleep(1)  # the order is waiting for the write lock by now
            assert not answer.done()

        assert (answer.result().status, answer.result().body) == (
            401,
            {"detail": "Token is invalid or expired.", "code": "token_not_valid"},
        )
        assert answer.result().headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert stock(server, product) == 10
    assert len(ledger(server, product)) == 1
