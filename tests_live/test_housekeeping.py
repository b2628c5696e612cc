"""Housekeeping on three nodes at once while orders are placed: all of it is done, only once, and no call fails."""

import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from .databases import ON_POSTGRES, execute
from .server import manage

NODES, STALE, KEYS, TOKENS = 3, 40, 5000, 5000
# Valid tokens and sessions come first, more than a batch of each.
VALID = 1500
AGO = "now() - interval '25 hours'" if ON_POSTGRES else "datetime('now', '-25 hours')"
OLD_KEYS = f"""
    INSERT INTO orders_idempotencykey (user_id, key, fingerprint, response, created_at)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {KEYS})
    SELECT (SELECT min(id) FROM accounts_user), 'key-' || n, '', '', {AGO} FROM numbers
"""  # noqa: S608

AHEAD = "now() + interval '1 day'" if ON_POSTGRES else "datetime('now', '1 day')"
DATED = f"CASE WHEN n <= {VALID} THEN {AHEAD} ELSE {AGO} END"
OLD_TOKENS = f"""
    INSERT INTO token_blacklist_outstandingtoken (jti, token, expires_at)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {VALID + TOKENS})
    SELECT 'token-' || n, '', {DATED} FROM numbers
"""  # noqa: S608

OLD_SESSIONS = f"""
    INSERT INTO django_session (session_key, session_data, expire_date)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {VALID + TOKENS})
    SELECT 'session-' || (100000 + n), '', {DATED} FROM numbers
"""  # noqa: S608


def orders(product, count):
    body = {"items": [{"product": product["id"], "quantity": 1}]}
    return [("POST", "/api/orders/", body)] * count


@pytest.fixture
def product(server):
    """A product with pending orders from the day before."""
    product = server.create_product(quantity=1000)
    for call in orders(product, STALE):
        assert server.call(*call, server.customer).status == 201
    execute(server.database_url, f"UPDATE orders_order SET created_at = {AGO}")  # noqa: S608
    execute(server.database_url, OLD_KEYS)
    execute(server.database_url, OLD_TOKENS)
    execute(server.database_url, OLD_SESSIONS)
    return product


def total(pattern, outputs):
    return sum(int(number) for output in outputs for number in re.findall(pattern, output))


def test_each_order_expires_once_with_housekeeping_on_several_nodes(server, product):
    variables = {"DATABASE_URL": server.database_url, "EXPIRE_ORDERS_AFTER": "24h"}
    with ThreadPoolExecutor() as threads:
        nodes = [threads.submit(manage, "housekeeping", **variables) for _ in range(NODES)]
        rounds = [[(*call, server.customer) for call in orders(product, 10)] for _ in range(4)]
        answers = [answer.status for answers in server.rounds_at_once(rounds) for answer in answers]
        outputs = [node.result() for node in nodes]

    assert answers == [201] * 40
    assert total(r"Expired orders: (\d+)", outputs) == STALE
    assert total(r"Deleted (\d+) idempotency keys", outputs) == KEYS
    assert total(r"Deleted (\d+) tokens", outputs) == TOKENS
    assert total(r"Deleted (\d+) admin sessions", outputs) == TOKENS
    found = server.call("GET", f"/api/products/{product['id']}/", token=server.customer).body
    assert found["quantity"] == 1000 - 40
    assert "0 idempotency keys" in manage("housekeeping", **variables)
    manage("verify_stock", DATABASE_URL=server.database_url)


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has no row locks")
def test_keys_locked_by_another_session_are_skipped(server):
    execute(server.database_url, OLD_KEYS)
    with psycopg.connect(server.database_url) as another:
        another.execute("SELECT FROM orders_idempotencykey ORDER BY id LIMIT 100 FOR UPDATE")
        impatient = f"{server.database_url}?options=-c%20lock_timeout%3D2s"
        assert f"Deleted {KEYS - 100} idempotency keys" in manage("housekeeping", DATABASE_URL=impatient)

    assert "Deleted 100 idempotency keys" in manage("housekeeping", DATABASE_URL=server.database_url)
