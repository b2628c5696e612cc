"""Acknowledged orders survive kill -9 of the server and a restart of PostgreSQL, both under load."""

import http.client
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from .databases import ON_POSTGRES, restart_cluster
from .server import eventually, manage

BUYERS = 6


class Buyer:
    """Places orders without a pause, each with a new key, and remembers the response to each key."""

    def __init__(self, server, products):
        self.server, self.products = server, products
        self.answers = {}  # by key: the response, or None if the connection broke first; and the body

    def order(self, connection, key, body):
        answer = connection.call("POST", "/api/orders/", body, self.server.customer, {"Idempotency-Key": key})
        self.answers[key] = answer, body

    def buy(self, stop):
        while not stop.is_set():
            with self.server.connection() as connection:
                try:
                    while not stop.is_set():
                        key = uuid.uuid4().hex
                        items = [{"product": product["id"], "quantity": 1} for product in self.products]
                        self.answers[key] = None, {"items": items}
                        self.order(connection, key, {"items": items})
                except (OSError, http.client.HTTPException):
                    stop.wait(0.05)

    def count(self, status):
        return sum(answer is not None and answer.status == status for answer, _ in self.answers.values())

    def unanswered(self):
        return sum(answer is None for answer, _ in self.answers.values())

    def check(self):
        """Retry every key: an acknowledged order is replayed, the others are placed now."""
        with self.server.connection() as connection:
            for key, (answer, body) in list(self.answers.items()):
                self.order(connection, key, body)
                again = self.answers[key][0]
                assert again.status == 201, again
                if answer is not None and answer.status == 201:
                    assert (again.body, again.headers["Idempotent-Replayed"]) == (answer.body, "true")


@pytest.fixture
def shop(new_server):
    with new_server() as server:
        server.customer  # noqa: B018 (logs in before the load)
        products = [server.create_product(quantity=10**6) for _ in range(2)]
        yield server, products
        manage("verify_stock", DATABASE_URL=server.database_url)


def under_load(buyers, disturb):
    """Let all buyers order while `disturb` runs."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(buyers)) as threads:
        running = [threads.submit(buyer.buy, stop) for buyer in buyers]
        try:
            disturb()
        finally:
            stop.set()
        for buyer in running:
            buyer.result()


def check_orders(server, products, buyers):
    """Check that every order placed exists once, has all its lines and was taken from the stock."""
    for buyer in buyers:
        buyer.check()
    placed = {answer.body["id"] for buyer in buyers for answer, _ in buyer.answers.values()}
    assert len(placed) == sum(len(buyer.answers) for buyer in buyers)
    seen, url = [], "/api/orders/?page_size=1000"
    while url:
        page = server.call("GET", url, token=server.customer)
        seen += page.body
        nexts = [link for link in (page.headers["Link"] or "").split(", ") if 'rel="next"' in link]
        url = nexts[0].split(">")[0].partition("127.0.0.1")[2].partition("/")[2] if nexts else None
        url = url and f"/{url}"
    assert {order["id"] for order in seen} == placed
    assert len(seen) == len(placed)
    assert all(len(order["items"]) == len(products) for order in seen)
    for product in products:
        found = server.call("GET", f"/api/products/{product['id']}/", token=server.customer).body
        assert found["quantity"] == 10**6 - len(placed)


def test_kill_9_loses_no_acknowledged_order(shop):
    server, products = shop
    buyers = [Buyer(server, products) for _ in range(BUYERS)]
    chance = random.Random(9)

    for _ in range(10):
        before = sum(buyer.count(201) for buyer in buyers), sum(buyer.unanswered() for buyer in buyers)

        def disturb(acknowledged=before[0]):
            eventually(lambda: sum(buyer.count(201) for buyer in buyers) > acknowledged)
            time.sleep(chance.uniform(0, 1))
            server.kill()

        under_load(buyers, disturb)
        after = sum(buyer.count(201) for buyer in buyers), sum(buyer.unanswered() for buyer in buyers)
        assert after[1] > before[1], "no request was in flight"
        server.start()

    check_orders(server, products, buyers)


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has no server to restart")
def test_the_server_recovers_from_a_restart_of_the_database(shop):
    server, products = shop
    buyers = [Buyer(server, products) for _ in range(BUYERS)]

    def disturb():
        for _ in range(3):
            time.sleep(0.5)
            restart_cluster()
            eventually(lambda: server.call("GET", "/readyz/").status == 200)
        placed = sum(buyer.count(201) for buyer in buyers)
        eventually(lambda: sum(buyer.count(201) for buyer in buyers) > placed + 20)

    under_load(buyers, disturb)

    answers = [answer for buyer in buyers for answer, _ in buyer.answers.values() if answer]
    assert {answer.status for answer in answers} == {201, 503}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status == 503)
    check_orders(server, products, buyers)
