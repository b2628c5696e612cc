"""Nothing that one caller sends counts as a failure of a node: everybody else's calls keep working."""

import contextlib
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests_live.server import CUSTOMER, WAIT

from .load import customer

TIMES, THREADS = 16, 4
# What nginx logs when it counts a failure.
FAILURE = re.compile(r".* (?:while [\w ]*upstream|upstream server temporarily disabled|upstream prematurely)[^,]*")
JSON, CHUNKED = "Content-Type: application/json", "Transfer-Encoding: chunked"


def request(line, *headers, body=b""):
    """Return the bytes of a request, with a Content-Length for a body that is not chunked."""
    length = [f"Content-Length: {len(body)}"] if body and CHUNKED not in headers else []
    head = [f"{line} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, *length]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def chunks(number, size=2**15):
    return (f"{size:x}\r\n".encode() + b" " * size + b"\r\n") * number + b"0\r\n\r\n"


# Requests and the statuses they may get.
REQUESTS = {
    "a redirect as long as its URL": (request(f"GET /api/products?x={'a' * 3990}"), {301}),
    "a redirect that is longer than its URL": (request(f"GET /api/products?x={'{' * 1330}"), {301}),
    "a query too long for the application": (request(f"GET /api/products?x={'a' * 7900}"), {414}),
    "a query too long once it is encoded": (request(f"GET /api/products?x={'{' * 3900}"), {414}),
    "a login that redirects to a long URL": (request(f"GET /admin/?x={'{' * 1330}"), {302}),
    "a login that redirects to a longer URL": (request(f"GET /admin/{'%25' * 320}/?x={'{' * 1330}"), {302}),
    "a path too long for the application": (request(f"GET /admin/{'%25' * 2600}"), {404}),
    "a redirect to another page": (request(f"GET /favicon.ico?{'a' * 3990}"), {302}),
    "a form without its token": (request("POST /admin/login/", JSON, body=b" " * 60_000), {403, 413}),
    "a URL too long for nginx": (request(f"GET /api/products/?x={'a' * 9000}"), {414}),
    "a URL far too long for nginx": (request(f"GET /api/products/?x={'a' * 17000}"), {414}),
    "a long header": (request("GET /api/products/", f"X-Long: {'a' * 15000}", f"X-Other: {'a' * 15000}"), {401}),
    "a URL of non-ASCII bytes": (request(f"GET /api/products/?x={'ÿ' * 7900}"), {400}),
    "a header too long for nginx": (request("GET /api/products/", f"X-Long: {'a' * 17000}"), {400}),
    "a header with a control character": (request("GET /api/products/", "X-Odd: a\x01b"), {400}),
    "too many headers": (request("GET /api/products/", *(f"X-{number}: a" for number in range(200))), {431}),
    "an invalid host": (request("GET /api/products/", "X-Forwarded-Host: a").replace(b"127.0.0.1", b"a_b"), {400}),
    "an unknown method": (request("BREW /api/products/"), {401}),
    "an upgrade": (request("GET /healthz/", "Upgrade: websocket", "Sec-WebSocket-Version: 13"), {200}),
    "broken JSON": (request("POST /api/login/", JSON, body=b"{"), {400}),
    "a broken chunk": (request("POST /api/login/", JSON, CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"), {400}),
    "half a chunk": (request("POST /api/login/", JSON, CHUNKED, body=b"ffff\r\n{}"), {None}),
    "too many chunks": (request("POST /api/login/", JSON, CHUNKED, body=chunks(40)), {413}),
    "another transfer coding": (request("POST /api/login/", JSON, "Transfer-Encoding: gzip, chunked"), {501}),
    "a body too large": (request("POST /api/login/", JSON, body=b" " * (2**20 + 1)), {413}),
    "a body that a call refuses": (request("POST /api/products/", JSON, body=b" " * 2**20), {401}),
    "a body for a health check": (request("POST /healthz/", JSON, body=b" " * 60_000), {200}),
    "a body for a file": (request("POST /static/nothing", JSON, body=b" " * 60_000), {404}),
    "a body for an unknown path": (request("POST /nothing/", JSON, body=b" " * 60_000), {404}),
    "a form too large": (request("POST /admin/login/", JSON, body=b" " * (2**16 + 1)), {413}),
    "half a body": (request("POST /api/login/", JSON, "Content-Length: 9") + b"{", {None}),
}


@pytest.fixture
def token(cluster):
    return customer(cluster, CUSTOMER)


@pytest.fixture
def others(cluster, token):
    """`with others():` makes calls like well-behaved clients, on their own connections; all must succeed."""

    @contextlib.contextmanager
    def others():
        stop, began = threading.Event(), len(cluster.nginx.output("error"))

        def call():
            statuses = []
            with cluster.connection() as connection:
                while not stop.is_set() or len(statuses) < 10:
                    statuses.append(connection.call("GET", "/api/products/", token=token).status)
            return statuses

        with ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(call) for _ in range(2)]
            try:
                yield
            finally:
                stop.set()
        failures = FAILURE.findall(cluster.nginx.output("error")[began:])
        assert {status for each in calls for status in each.result()} == {200}
        assert failures == []

    return others


def send(cluster, data, *, hang_up=False):
    """Send bytes; return the status of the response, or None if the caller hung up first."""
    with socket.create_connection(("127.0.0.1", cluster.nginx.port), timeout=WAIT) as connection:
        with contextlib.suppress(ConnectionError):  # refused before everything was sent
            connection.sendall(data)
        if hang_up:
            return None
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1])


def send_many(cluster, data, **options):
    with ThreadPoolExecutor(THREADS) as threads:
        return set(threads.map(lambda _: send(cluster, data, **options), range(TIMES)))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request_is_not_counted_as_a_failure_of_a_node(cluster, others, name):
    data, expected = REQUESTS[name]
    with others():
        assert send_many(cluster, data, hang_up=expected == {None}) <= expected


@pytest.mark.parametrize("filler", ["{", "%FF"])
def test_two_links_of_the_longest_query_get_through(cluster, others, token, filler):
    for number in range(3):
        product = {"name": f"Bat {number}", "price": 1, "quantity": 1}
        cluster.call("POST", "/api/products/create/", product, cluster.admin)
    first = cluster.call("GET", "/api/products/?page_size=1", token=token).headers["Link"]
    query = re.search(r"\?(.*?)>", first)[1]
    query += "&x=" + filler * ((4000 - len(query) - 3) // 3)  # bytes, percent-encoded

    with others():
        assert send_many(cluster, request(f"GET /api/products/?{query}", f"Authorization: Bearer {token}")) == {200}


def test_hanging_up_early_is_not_counted_as_a_failure_of_a_node(cluster, others, token):
    order = request("POST /api/orders/", JSON, f"Authorization: Bearer {token}", body=b'{"items": []}')
    with others():
        for data in (request("GET /api/docs/"), request("GET /admin/login/"), order):
            send_many(cluster, data, hang_up=True)
