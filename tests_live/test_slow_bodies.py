"""Clients that send half a body and stall, or continue one byte at a time, do not hold the server's threads."""

import contextlib
import json
import time

import pytest

from .server import ASGI, PRODUCTION, eventually

THREADS = 4


@pytest.fixture(scope="module")
def server(new_server):
    with new_server(PRODUCTION, GRANIAN_WORKERS="1", BODY_TIMEOUT="2s") as server:
        yield server


def half(server, path="/api/login/", length=100, headers="Content-Type: application/json\r\n"):
    request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {length}\r\n\r\n{{"
    return server.raw(request.encode())


@contextlib.contextmanager
def all_threads_waiting(server, **request):
    with contextlib.ExitStack() as stack:
        for _ in range(2 * THREADS):
            stack.enter_context(half(server, **request))
        # Linux measures how long a connection has been quiet in steps of up to 10 ms.
        time.sleep(0.2)
        yield


@pytest.mark.parametrize("path", ["/api/login/", "/admin/login/", "/nowhere/"])
def test_a_stalled_body_holds_no_thread(server, path):
    with all_threads_waiting(server, path=path):
        assert server.call("GET", "/healthz/").status == 200


def test_a_stalled_body_that_is_refused_holds_no_thread(server):
    with all_threads_waiting(server, length=3_000_000):
        assert server.call("GET", "/healthz/").status == 200


def test_a_slow_client_gets_a_400(server):
    with half(server) as connection, connection.makefile("rb") as answer:
        assert answer.readline().startswith(b"HTTP/1.1 400 ")
        assert json.loads(answer.read().partition(b"\r\n\r\n")[2]) == {
            "detail": "The body is incomplete: it ended early or took longer than 2 seconds.",
            "code": "parse_error",
        }


def test_a_slow_client_gets_a_400_under_asgi_too(new_server):
    with new_server(ASGI, BODY_TIMEOUT="2s") as server:
        for _ in range(3):
            with half(server) as connection, connection.makefile("rb") as answer:
                assert answer.readline().startswith(b"HTTP/1.1 400 ")
        assert server.call("GET", "/healthz/").status == 200
        assert "Traceback" not in server.output


def test_one_byte_at_a_time_is_too_slow(server):
    with half(server, length=1000) as connection:

        def is_ended():
            try:
                connection.sendall(b" ")
            except ConnectionError:
                return True
            return False

        eventually(is_ended)


def test_database_connections_and_other_clients_stay_connected(server):
    product = server.create_product()["id"]
    with server.connection() as other:
        with all_threads_waiting(server):
            assert server.call("GET", "/healthz/").status == 200
        answer = other.call("GET", f"/api/products/{product}/", token=server.admin)

    assert answer.status == 200
    assert "Traceback" not in server.output
