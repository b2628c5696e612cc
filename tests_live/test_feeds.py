"""Readers of the feeds see every row once, no matter what is committed or killed in the meantime."""

import contextlib
import http.client
import os
import random
import re
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from .databases import ON_POSTGRES, has_lock_wait, product_locks, restart_cluster
from .server import ADMIN, PASSWORD, ROOT, WAIT, eventually
from .test_order_races import order

EVENTS, STOCK = "/api/orders/events/", "/api/products/stock/"
BUYERS = 8
[PROGRAM] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.DOTALL | re.M)
EVENT = """
    INSERT INTO orders_orderevent (order_id, status, note, created_at) VALUES (%s, 'confirmed', %s, now()) RETURNING id
"""
on_postgres = pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer")


def read(server, url):
    """Return the rows of a page and the URL of the next one."""
    answer = server.call("GET", url, token=server.admin)
    assert answer.status == 200, answer
    return answer.body, re.search(r'<http://[^/]*(/[^>]+)>; rel="next"', answer.headers["Link"])[1]


def follow(server, url):
    """Return all rows from a URL on."""
    rows, (page, url) = [], read(server, url)
    while page:
        rows += page
        page, url = read(server, url)
    return rows


@contextlib.contextmanager
def transaction(server):
    """A transaction of another program, which already has a transaction id."""
    with psycopg.connect(server.database_url) as connection:
        connection.execute("SELECT pg_current_xact_id()")
        yield connection


@on_postgres
def test_an_order_that_waits_is_not_overtaken(server):
    product, other = server.create_product(), server.create_product()
    _, latest = read(server, f"{EVENTS}?start=latest")
    with ThreadPoolExecutor() as threads:
        with product_locks(server.database_url) as lock:
            lock(product["id"])
            waiting = threads.submit(server.call, *order(server, (product, 1)))
            eventually(lambda: has_lock_wait(server.database_url))
            second = server.call(*order(server, (other, 1)))
            assert second.status == 201
            seen, url = read(server, latest)
        first = waiting.result()

    seen += follow(server, url)
    assert {event["order"] for event in seen} == {first.body["id"], second.body["id"]}


@on_postgres
def test_an_order_with_a_lower_id_that_is_committed_later_is_not_missed(server):
    product = server.create_product()
    placed = server.call(*order(server, (product, 1))).body
    _, url = read(server, f"{EVENTS}?start=latest")
    with ThreadPoolExecutor() as threads:
        with product_locks(server.database_url) as lock:
            with transaction(server) as earlier:
                lock(product["id"])
                # Its transaction begins later, but its event is inserted earlier.
                waiting = threads.submit(server.call, *order(server, (product, 1)))
                eventually(lambda: has_lock_wait(server.database_url))
                earlier.execute(EVENT, [placed["id"], "by hand"])
            seen, url = read(server, url)
            assert [event["order"] for event in seen] == [placed["id"]]
        waited = waiting.result().body

    assert [event["order"] for event in follow(server, url)] == [waited["id"]]


@on_postgres
def test_after_a_crash_of_the_database_readers_continue_where_they_were(server):
    product = server.create_product()
    _, url = read(server, f"{EVENTS}?start=latest")
    for _ in range(20):
        with transaction(server) as refused:
            refused.rollback()
    placed = server.call(*order(server, (product, 1))).body
    seen, url = read(server, url)
    assert [event["order"] for event in seen] == [placed["id"]]

    restart_cluster("immediate")
    eventually(lambda: server.call("GET", "/readyz/").status == 200)

    later = server.call(*order(server, (product, 1))).body
    assert [event["order"] for event in follow(server, url)] == [later["id"]]


class Reader:
    """Follows a feed until it has read everything there was at the end."""

    def __init__(self, server, feed):
        self.server, self.feed, self.rows = server, feed, []

    def run(self, stop):
        self.url = self.feed
        while not stop.wait(0.01):
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):  # the server was killed
                self.read_page()
        self.rows += follow(self.server, self.url)

    def read_page(self):
        rows, self.url = read(self.server, self.url)
        self.rows += rows


class Program:
    """The program in docs/api.md, killed and restarted again and again."""

    def __init__(self, server, folder):
        self.output, self.folder = folder / "output", folder
        (folder / "follow.py").write_text(PROGRAM.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"))
        self.environment = os.environ | {"ADMIN": ADMIN, "PASSWORD": PASSWORD}

    @contextlib.contextmanager
    def started(self):
        """Run the program during the block, and kill it."""
        self.drop_unfinished_line()
        with self.output.open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "follow.py"], cwd=self.folder, env=self.environment, stdout=output
            )
        try:
            yield
        finally:
            process.kill()
        assert process.wait(timeout=WAIT) < 0, "The program has stopped."

    def drop_unfinished_line(self):
        """Remove what the program had not printed to the end of a line when it was killed: it must print that again."""
        if self.output.exists():
            printed = self.output.read_bytes()
            self.output.write_bytes(printed[: printed.rfind(b"\n") + 1])

    def run(self, stop):
        chance = random.Random(1)
        while not stop.is_set():
            with self.started():
                stop.wait(chance.uniform(0.3, 2))

    def read_rest(self, newest):
        """Run the program until it has printed the event with this id."""
        with self.started():
            eventually(lambda: re.search(rf"^{newest} .*\n", self.output.read_text(), re.MULTILINE))

    def events(self):
        """Return (id, order, status) of all events, each once, in the order in which they were first printed."""
        lines = dict.fromkeys(self.output.read_text().splitlines()) if self.output.exists() else {}
        return [(int(pk), int(order), status) for pk, order, status in map(str.split, lines)]


class Buyer:
    """Orders, confirms and books stock without a pause, and remembers what was acknowledged."""

    def __init__(self, server, products, number):
        self.server, self.products, self.chance = server, products, random.Random(number)
        self.events, self.notes = set(), set()

    def run(self, stop):
        while not stop.is_set():
            with self.server.connection() as connection:
                try:
                    while not stop.is_set():
                        self.act(connection)
                except (OSError, http.client.HTTPException):  # the server was killed
                    stop.wait(0.05)

    def act(self, connection):
        admin, chosen = self.server.admin, self.chance.sample(self.products, self.chance.randint(1, 2))
        placed = connection.call(*order(self.server, *((product, 1) for product in chosen)))
        assert placed.status == 201, placed
        self.events.add((placed.body["id"], "pending"))
        step, status = self.chance.choice([("confirm", "confirmed"), ("cancel", "cancelled")])
        taken = connection.call("POST", f"/api/orders/{placed.body['id']}/{step}/", None, admin)
        assert taken.status == 200, taken
        self.events.add((placed.body["id"], status))
        path, note = f"/api/products/{chosen[0]['id']}/stock/", uuid.uuid4().hex
        assert connection.call("POST", path, {"delta": 2, "note": note}, admin).status == 200
        self.notes.add(note)


class SlowTransactions:
    """Another program whose transactions stay open for a while, and write as the previous version does."""

    def __init__(self, server, products):
        self.server, self.events = server, set()
        self.orders = [server.call(*order(server, (product, 1))).body["id"] for product in products]

    def run(self, stop):
        while ON_POSTGRES and not stop.is_set():
            with transaction(self.server) as connection:
                [[pk]] = connection.execute(EVENT, [self.orders[0], "by hand"]).fetchall()
                stop.wait(1)
            self.events.add(pk)


@contextlib.contextmanager
def running(*actors):
    """Let all of them run during the block."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(actors)) as threads:
        futures = [threads.submit(actor.run, stop) for actor in actors]
        try:
            yield
        finally:
            stop.set()
        for future in futures:
            future.result()


def assert_ledger_order(rows):
    balances = {}
    for row in rows:
        assert row["balance"] == balances.get(row["product"], 0) + row["delta"], row
        balances[row["product"]] = row["balance"]


def check_readers(server, seconds, folder, *others):
    """Let readers follow the feeds while the shop is busy and the server is killed, then compare what they saw."""
    server.customer, server.admin  # noqa: B018 (log in before the load)
    products = [server.create_product(quantity=10**6) for _ in range(3)]
    buyers = [Buyer(server, products, number) for number in range(BUYERS)]
    by_hand, program = SlowTransactions(server, products), Program(server, folder)
    readers = [Reader(server, EVENTS), Reader(server, EVENTS), Reader(server, STOCK)]
    with running(program, *readers):
        with running(*buyers, by_hand, *others):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(min(10, seconds / 4))
                server.kill()
                server.start()
        time.sleep(1)  # for a replica that lags
    events, stock = follow(server, f"{EVENTS}?page_size=1000"), follow(server, f"{STOCK}?page_size=1000")
    program.read_rest(events[-1]["id"])

    assert readers[0].rows == readers[1].rows == events
    assert program.events() == [(event["id"], event["order"], event["action"]) for event in events]
    assert readers[2].rows == stock
    for rows in (events, stock):
        assert len({row["id"] for row in rows}) == len(rows)
    acknowledged = set().union(*(buyer.events for buyer in buyers))
    assert acknowledged <= {(event["order"], event["status"]) for event in events}
    assert by_hand.events <= {event["id"] for event in events}
    assert set().union(*(buyer.notes for buyer in buyers)) <= {row["note"] for row in stock}
    assert_ledger_order(stock)
    print(f"{len(events)} events and {len(stock)} rows of the ledger, {len(acknowledged)} events acknowledged")


def test_every_reader_sees_every_change_once_and_in_one_order(new_server, seconds, tmp_path):
    with new_server() as server:
        check_readers(server, seconds, tmp_path)
