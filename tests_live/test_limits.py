"""Nobody waits for ever for a lock in PostgreSQL."""

import time

import pytest

from .databases import ON_POSTGRES, transaction

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has a limit of its own")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 10), ("?options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D2s", 2)],
    ids=["for a lock", "for a statement"],
)
def test_who_waits_too_long_is_told_to_come_again(new_server, said, seconds):
    server = new_server()
    server.environment["DATABASE_URL"] += said
    with server:
        product = server.create_product()
        put = "PUT", f"/api/products/{product['id']}/", {"quantity": 7}, server.admin
        with transaction(server.database_url) as lock:
            lock(product["id"])
            began = time.monotonic()
            answer = server.call(*put)
            assert seconds - 1 < time.monotonic() - began < seconds + 5
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")

        assert server.call(*put).body["quantity"] == 7
