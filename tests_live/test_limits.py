"""Nobody waits forever for a lock in PostgreSQL."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from .databases import ON_POSTGRES, has_idle_transaction, has_lock_wait, product_locks
from .server import WAIT, eventually

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has its own limit")


@pytest.mark.parametrize(
    ("options", "seconds"),
    [("", 10), ("?options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D2s", 2)],
    ids=["for a lock", "for a statement"],
)
def test_a_caller_who_waits_too_long_gets_a_503(new_server, options, seconds):
    server = new_server()
    server.environment["DATABASE_URL"] += options
    with server:
        product = server.create_product()
        put = "PUT", f"/api/products/{product['id']}/", {"quantity": 7}, server.admin
        with product_locks(server.database_url) as lock:
            lock(product["id"])
            began = time.monotonic()
            answer = server.call(*put)
            assert seconds - 1 < time.monotonic() - began < seconds + 5
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")

        assert server.call(*put).body["quantity"] == 7


def test_a_server_that_hangs_in_a_transaction_loses_its_locks(new_server):
    with new_server() as server, ThreadPoolExecutor() as threads:
        product = server.create_product()["id"]
        with product_locks(server.database_url) as lock:
            lock(product)
            put = threads.submit(server.call, "PUT", f"/api/products/{product}/", {"quantity": 7}, server.admin)
            eventually(lambda: has_lock_wait(server.database_url))
            server.freeze()
        eventually(lambda: has_idle_transaction(server.database_url))

        try:
            with product_locks(f"{server.database_url}?options=-c%20lock_timeout%3D{WAIT}s") as lock:
                lock(product)
        finally:
            server.thaw()
        assert put.result().status == 503
