"""Stock counts and deliveries of several products, while the products are sold."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from .databases import count_deadlocks
from .server import manage
from .test_order_races import order, stock

STOCK = "/api/products/stock/"


@pytest.fixture(scope="module", autouse=True)
def _ledger_matches_the_stock(server):
    yield
    manage("verify_stock", DATABASE_URL=server.database_url)


def delivery(server, *products):
    """Return the call that adds one piece of each product."""
    return "POST", STOCK, {"changes": [{"product": each["id"], "delta": 1} for each in products]}, server.admin


def count_until(stop, server, products, seed):
    """Keep reading the stock of two products and counting one piece more of each; return the answers."""
    choose, answers = random.Random(seed), []
    while not stop.is_set():
        pairs = [(each["id"], stock(server, each)) for each in choose.sample(products, 2)]
        changes = [{"product": pk, "quantity": quantity + 1, "expected": quantity} for pk, quantity in pairs]
        answers.append(server.call("POST", STOCK, {"changes": changes}, server.admin))
    return answers


def test_a_count_with_an_expected_stock_loses_no_sale(server):
    products, stop = [server.create_product(quantity=1000) for _ in range(4)], threading.Event()
    sales = [[order(server, (one, 1), (other, 1))] * 25 for one, other in pairwise(products)]

    with ThreadPoolExecutor(3) as threads:
        counters = [threads.submit(count_until, stop, server, products, seed) for seed in range(3)]
        try:
            rounds = server.rounds_at_once(sales * 2)
        finally:
            stop.set()
        counts = [answer for counter in counters for answer in counter.result()]

    assert {answer.status for answers in rounds for answer in answers} == {201}
    assert {answer.status for answer in counts} == {200, 409}
    assert {answer.body["code"] for answer in counts if answer.status == 409} == {"stock_differs"}
    found = Counter(each["id"] for answer in counts if answer.status == 200 for each in answer.body)
    sold = [50, 100, 100, 50]
    assert [stock(server, each) - found[each["id"]] for each in products] == [1000 - pieces for pieces in sold]


def test_deliveries_and_orders_in_opposite_order_do_not_deadlock(server):
    products = [server.create_product(quantity=10**6) for _ in range(5)]
    there, back = delivery(server, *products), delivery(server, *reversed(products))
    sale = order(server, *((each, 1) for each in reversed(products)))
    deadlocks = count_deadlocks()

    rounds = server.rounds_at_once([[there] * 20, [back] * 20, [sale] * 20] * 4)

    assert [{answer.status for answer in answers} for answers in rounds] == [{200}, {200}, {201}] * 4
    assert count_deadlocks() == deadlocks  # the server retries, so callers may not notice them
    assert {stock(server, each) for each in products} == {10**6 + 80}
