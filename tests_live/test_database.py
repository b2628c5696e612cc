"""The server is killed; the database goes away, comes back or is busy."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from .databases import CLUSTER, ON_POSTGRES, execute, locked, name_of, recovering, terminate_sessions, unavailable
from .server import ADMIN, PASSWORD, WAIT

on_sqlite = pytest.mark.skipif(ON_POSTGRES, reason="needs SQLite")
on_postgres = pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL")


def test_acknowledged_writes_survive_kill_9(server):
    before = server.products()
    acknowledged = [server.create_product(name=f"Bat {n}") for n in range(5)]

    server.kill()
    server.start()

    assert server.products() == before + acknowledged
    assert server.create_product() in server.products()


def test_acknowledged_writes_survive_kill_9_under_load(server):
    before, acknowledged, busy = server.products(), [], threading.Event()

    def write():
        for _ in range(10_000):
            acknowledged.append(server.create_product())
            if len(acknowledged) == 20:
                busy.set()

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write) for _ in range(4)]
        busy.wait(timeout=WAIT)
        server.kill()
    server.start()

    assert all(isinstance(writer.exception(), OSError | HTTPException) for writer in writers)
    assert busy.is_set()
    kept = server.products()
    assert all(product in kept for product in before + acknowledged)
    # The last write of each writer may have been committed without being acknowledged.
    assert len(kept) <= len(before) + len(acknowledged) + 4


@on_postgres
def test_without_postgresql_calls_get_503_and_they_work_again_when_it_is_back(server):
    path = f"/api/products/{server.create_product()['id']}/"
    before = server.products()
    someone = {"username": "dora", "password": PASSWORD}
    calls = [
        ("GET", "/api/products/", None, server.customer),
        ("GET", path, None, server.customer),
        ("PUT", path, {"quantity": 1}, server.admin),
        ("DELETE", f"{path}delete/", None, server.admin),
        ("POST", "/api/products/create/", {"name": "Ball", "price": 1, "quantity": 1}, server.admin),
        ("POST", "/api/accounts/register/", someone),
        ("POST", "/api/login/", someone),
        ("POST", "/api/login/refresh/", {"refresh": server.login("anna")["refresh"]}),
    ]
    with server.connection() as kept:
        assert kept.call("GET", "/readyz/").status == 200
        with unavailable(server.database_url):
            # More calls than workers and threads.
            answers = [kept.call(*call) for call in calls] + server.at_once(calls * 2)
            assert {answer.status for answer in answers} == {503}
            assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
            assert {tuple(answer.body) for answer in answers} == {("detail", "code")}
            assert kept.call("GET", "/readyz/").status == 503
            assert kept.call("GET", "/healthz/").status == 200

        assert {answer.status for answer in server.at_once([("GET", "/readyz/")] * 24)} == {200}
        assert kept.call(*calls[2]).body["quantity"] == 1
        assert len(server.products()) == len(before)


@on_postgres
def test_while_postgresql_is_read_only_the_server_is_not_ready(server):
    before = server.products()
    execute(CLUSTER, "ALTER DATABASE {} SET default_transaction_read_only = on", name_of(server.database_url))
    try:
        terminate_sessions(server.database_url)  # open sessions keep their setting
        not_ready = server.at_once([("GET", "/readyz/")] * 16)
        assert {answer.status for answer in not_ready} == {503}
        assert {answer.headers["Retry-After"] for answer in not_ready} == {"5"}
        assert server.products() == before
    finally:
        execute(CLUSTER, "ALTER DATABASE {} RESET default_transaction_read_only", name_of(server.database_url))
        terminate_sessions(server.database_url)

    assert {answer.status for answer in server.at_once([("GET", "/readyz/")] * 16)} == {200}


@on_postgres
def test_a_restart_of_postgresql_between_two_calls_goes_unnoticed(server):
    for _ in range(2):
        product = server.create_product()
        terminate_sessions(server.database_url)

        answers = server.at_once([("GET", "/api/products/?page_size=1000", None, server.customer)] * 16)

        assert all(product in answer.body for answer in answers)
        terminate_sessions(server.database_url)
        assert server.create_product()


@on_sqlite
def test_while_sqlite_is_locked_for_writing_reads_continue_and_writes_wait(server):
    path = f"/api/products/{server.create_product()['id']}/"
    with ThreadPoolExecutor() as threads:
        with locked(server.database_url):
            write = threads.submit(server.call, "PUT", path, {"quantity": 7}, server.admin)
            time.sleep(0.2)  # the write is waiting by now
            for read in ("/api/products/", path, "/readyz/"):  # /readyz/ does not wait for the lock
                assert server.call("GET", read, token=server.customer).status == 200
            assert not write.done()

        assert write.result().body["quantity"] == 7


@on_sqlite
def test_writes_wait_while_sqlite_recovers_its_log_after_a_crash(server):
    # Open the connections of all threads first: opening one reads and, like any read, would wait inside SQLite.
    server.at_once([("GET", "/api/products/", None, server.customer)] * 32)
    refresh = {"refresh": server.login(ADMIN)["refresh"]}
    with ThreadPoolExecutor() as threads:
        with recovering(server.database_url):
            # A refresh reads nothing before its transaction begins.
            write = threads.submit(server.call, "POST", "/api/login/refresh/", refresh)
            time.sleep(0.5)  # the write is waiting by now
            assert not write.done()

        assert write.result().status == 200
