"""Lists are read from a PostgreSQL replica, everything else from the primary; without the replica, everything is."""

import socket
import time

import pytest

from order_management.db.postgres import CONNECT_TIMEOUT

from .clusters import replica as new_replica
from .databases import ON_POSTGRES, count_sessions, prepare
from .server import eventually
from .test_feeds import check_readers
from .test_order_races import order

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has no replicas")


@pytest.fixture
def replica():
    with new_replica() as replica:
        yield replica


@pytest.fixture
def server(new_server, replica):
    server = new_server()
    server.environment["DATABASE_REPLICA_URL"] = replica.database(server.database_url)
    eventually(lambda: count_sessions(replica.database(server.database_url)) is not None)
    with server:
        yield server


def lists(server, product, placed):
    """Return the responses of the calls that read from the replica."""
    today = time.strftime("%F", time.gmtime())
    paths = [
        "/api/products/",
        "/api/products/?search=bat",
        f"/api/products/{product['id']}/stock/",
        "/api/orders/",
        "/api/orders/?status=pending",
        f"/api/orders/{placed['id']}/events/",
        "/api/orders/events/",
        "/api/products/stock/",
        "/api/accounts/users/",
        f"/api/reports/sales/?from={today}&to={today}",
    ]
    return [server.call("GET", path, token=server.admin).body for path in paths]


def change_all(server, product, placed):
    """Change the response of each of these calls."""
    server.call("POST", "/api/accounts/register/", {"username": "dora", "password": "correct horse 18"})
    server.call("POST", f"/api/orders/{placed['id']}/confirm/", token=server.admin)
    assert server.call(*order(server, (product, 1))).status == 201


def test_lists_come_from_the_replica_and_everything_else_from_the_primary(server, replica):
    product = server.create_product()
    placed = server.call(*order(server, (product, 1))).body
    eventually(lambda: len(lists(server, product, placed)[3]) == 1)
    with replica.paused():
        before = lists(server, product, placed)
        change_all(server, product, placed)
        assert lists(server, product, placed) == before
        found = server.call("GET", f"/api/products/{product['id']}/", token=server.customer)
        assert found.body["quantity"] == 8
        found = server.call("GET", f"/api/orders/{placed['id']}/", token=server.customer)
        assert found.body["status"] == "confirmed"

    for old, new in zip(before, lists_after_catching_up(server, product, placed), strict=True):
        assert old != new


def lists_after_catching_up(server, product, placed):
    """Return the lists once the replica has caught up."""
    eventually(lambda: len(lists(server, product, placed)[3]) == 2)
    return lists(server, product, placed)


def test_clients_read_their_own_writes(server, replica):
    replica.options["recovery_min_apply_delay"] = "200ms"
    replica.restart()
    with replica.synchronous():
        for n in range(1, 11):
            product = server.create_product(name=f"Bat {n}")
            assert server.products()[n - 1] == product
    assert count_sessions(replica.database(server.database_url)) > 0


def test_without_the_replica_lists_are_read_from_the_primary_until_it_is_back(server, replica):
    product = server.create_product()
    eventually(lambda: server.products() == [product])
    replica.stop()

    answers = server.at_once([("GET", "/api/products/", None, server.customer)] * 16)

    assert [answer.body for answer in answers] == [[product]] * 16
    other = server.create_product()
    assert server.products() == [product, other]
    replica.start()
    eventually(lambda: server.products() and count_sessions(replica.database(server.database_url)))


def test_lists_come_from_the_primary_while_the_replica_lacks_the_migrations(databases, new_server, replica):
    url = databases.empty()
    eventually(lambda: count_sessions(replica.database(url)) is not None)
    with replica.paused():
        prepare(url)
        with new_server(DATABASE_URL=url, DATABASE_REPLICA_URL=replica.database(url)) as server:
            product = server.create_product()
            assert server.products() == [product]


class Restarts:
    """Restarts the replica, so that reads change between it and the primary, which is ahead of it."""

    def __init__(self, replica):
        self.replica = replica

    def run(self, stop):
        while not stop.wait(1):
            self.replica.restart()
            with self.replica.paused():
                stop.wait(1)


def test_readers_of_feeds_miss_nothing_on_a_replica(server, replica, seconds, tmp_path):
    check_readers(server, seconds, tmp_path, Restarts(replica))


def seconds_to_list(server, products):
    began = time.monotonic()
    assert server.products() == products
    return time.monotonic() - began


def test_nobody_waits_long_for_an_unresponsive_replica(new_server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = new_server()
        server.environment["DATABASE_REPLICA_URL"] = f"postgres://me@127.0.0.1:{silent.getsockname()[1]}/shop"
        with server:
            product = server.create_product()
            waits = [seconds_to_list(server, [product]) >= CONNECT_TIMEOUT for _ in range(12)]

    assert sum(waits) <= 2  # one in each of the two processes
