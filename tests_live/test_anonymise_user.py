"""`manage.py anonymise_user` while the user places orders: none is lost, and no text comes back."""

import re
import time
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg
import pytest

from .databases import ON_POSTGRES, has_lock_wait, has_session, product_locks
from .server import PASSWORD, eventually, manage

MARKER = "ring at Zoe's door"
ORDERS = "/api/orders/"
TOKENS = "token_blacklist_outstandingtoken"
WAITS_FOR_TOKENS = f"wait_event_type = 'Lock' AND strpos(query, '{TOKENS}') > 0"


def register(server, name):
    server.call("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD})
    return server.login(name)["access"]


def order(product, token, key=None):
    body = {"items": [{"product": product["id"], "quantity": 1}], "note": MARKER}
    return "POST", ORDERS, body, token, {"Idempotency-Key": key}


def anonymise(server, name):
    output = manage("anonymise_user", name, "--no-input", DATABASE_URL=server.database_url)
    return re.search(r"The user is now (\S+)\.", output)[1]


def buy(server, product, token, thread, stop):
    """Place orders and cancel some until the token is invalid or the test ends; return the acknowledged ids."""
    placed = []
    with server.connection() as connection:
        for number in range(10_000):
            answer = connection.call(*order(product, token, f"{thread}-{number}"))
            if answer.status == 201:
                placed.append(answer.body["id"])
                answer = connection.call("POST", f"{ORDERS}{placed[-1]}/cancel/", {"note": MARKER}, token)
            if answer.status == 401 or stop:
                return placed
            assert answer.status in (200, 409), answer  # 409: an Admin has confirmed it
    return None


def confirm(server, token, stop):
    """Let an Admin move the orders along, with keys."""
    with server.connection() as connection:
        for _ in range(2000):
            if stop:
                return
            for found in connection.call("GET", f"{ORDERS}?status=pending", token=token).body:
                url, key = f"{ORDERS}{found['id']}/confirm/", {"Idempotency-Key": f"confirm-{found['id']}"}
                assert connection.call("POST", url, None, token, key).status in (200, 409)


def test_no_order_is_lost_and_no_text_comes_back(server):
    for number in range(2):
        name, stop = f"zoe-{number}", []
        product, token, admin = server.create_product(quantity=10**6), register(server, name), server.admin
        with ThreadPoolExecutor() as threads:
            buyers = [threads.submit(buy, server, product, token, thread, stop) for thread in range(4)]
            confirming = threads.submit(confirm, server, admin, stop)
            try:
                time.sleep(1)
                anonymous = anonymise(server, name)
                placed = {pk for buyer in buyers for pk in buyer.result()}
            finally:
                stop.append(True)
        confirming.result()

        found = server.call("GET", f"{ORDERS}?customer={anonymous}&page_size=1000", token=admin).body
        assert {order["id"] for order in found} == placed
        assert {order["note"] for order in found} == {""}
        export = manage("export_user", anonymous, DATABASE_URL=server.database_url)
        assert MARKER not in export
        assert name not in export
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_an_order_under_way_is_a_401(server):
    product, token = server.create_product(quantity=10), register(server, "yves")
    if not ON_POSTGRES:  # one writer: the order begins afterwards
        anonymise(server, "yves")
        assert server.call(*order(product, token)).status == 401
        return
    with ThreadPoolExecutor() as threads:
        with product_locks(server.database_url) as lock:
            lock(product["id"])
            answer = threads.submit(server.call, *order(product, token))
            eventually(lambda: has_lock_wait(server.database_url))
            anonymous = anonymise(server, "yves")

        assert answer.result().status == 401
    assert server.call("GET", f"{ORDERS}?customer={anonymous}", token=server.admin).body == []
    manage("verify_stock", DATABASE_URL=server.database_url)


@pytest.mark.skipif(not ON_POSTGRES, reason="needs two writers at once")
def test_an_order_that_is_ready_while_its_customer_is_erased_is_a_401(server):
    product, token = server.create_product(quantity=10), register(server, "xena")
    with ThreadPoolExecutor() as threads, psycopg.connect(server.database_url) as tokens:
        with product_locks(server.database_url) as lock:
            lock(product["id"])
            answer = threads.submit(server.call, *order(product, token))
            eventually(lambda: has_lock_wait(server.database_url))
            # What anonymise_user deletes after it has erased the notes.
            tokens.execute(f"SELECT FROM {TOKENS} FOR UPDATE")
            anonymous = threads.submit(anonymise, server, "xena")
            eventually(lambda: has_session(server.database_url, WAITS_FOR_TOKENS))
        wait([answer], timeout=2)  # it is committed now, unless it waits for its customer
        tokens.rollback()

        assert answer.result().status == 401
    assert anonymous.result().startswith("anonymous:")
    manage("verify_stock", DATABASE_URL=server.database_url)
