"""PgBouncer in transaction mode with PGBOUNCER=on: each transaction may run on a different connection."""

import pytest

from .clusters import pgbouncer
from .databases import ON_POSTGRES
from .server import manage
from .test_feeds import check_readers
from .test_order_races import order

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL")


@pytest.fixture(scope="module")
def bouncer():
    # Fewer connections than the server has threads.
    with pgbouncer(connections=3) as url_of:
        yield url_of


@pytest.fixture(scope="module")
def server(new_server, bouncer):
    server = new_server(PGBOUNCER="on")
    server.environment["DATABASE_URL"] = bouncer(server.database_url)
    with server:
        yield server


def test_concurrent_orders_share_a_few_connections(server):
    one, other = server.create_product(quantity=100), server.create_product(quantity=100)
    there, back = order(server, (one, 1), (other, 1)), order(server, (other, 1), (one, 1))

    rounds = server.rounds_at_once([[there] * 10, [back] * 10] * 8)

    statuses = [answer.status for answers in rounds for answer in answers]
    assert sorted(statuses) == [201] * 100 + [409] * 60
    assert [product["quantity"] for product in server.products()] == [0, 0]


def test_commands_work_through_pgbouncer(server, bouncer):
    server.create_product()

    for command in ("verify_stock", "housekeeping"):
        manage(command, DATABASE_URL=bouncer(server.database_url), PGBOUNCER="on")


def test_readers_of_feeds_miss_nothing_through_pgbouncer(server, seconds, tmp_path):
    check_readers(server, seconds, tmp_path)
