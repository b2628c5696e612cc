"""The development server as newcomers use it: many callers at once, and other machines on the network."""

import http.client
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from .databases import ON_POSTGRES
from .server import DEVELOPMENT

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="these answers do not depend on the database")
SECRET = "a secret from the environment"


@pytest.fixture(scope="module")
def server(new_server):
    with new_server(DEVELOPMENT, MAIL_SERVER=SECRET, HTTP_PROXY=SECRET) as server:
        yield server


def test_a_hundred_callers_can_connect_at_once(server):
    server.freeze()
    try:
        connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(100)]
        for connection in connections:
            connection.request("GET", "/healthz/")  # cannot connect if the queue is full
    finally:
        server.thaw()

    with ThreadPoolExecutor(len(connections)) as threads:
        answers = threads.map(http.client.HTTPConnection.getresponse, connections)
        assert {answer.status for answer in answers} == {200}


ODD = ["/", "/nothing/", "/admin/nothing/", "/static/nothing.css", "/admin/products/product/x/change/"]


@pytest.mark.parametrize("host", [None, "evil.example", "192.168.1.20:8000", "a\"b'"])
@pytest.mark.parametrize("path", [*ODD, "/api/", "/admin/?" + "a&" * 1500])
def test_no_response_shows_the_environment(server, host, path):
    for method in ("GET", "POST"):
        answer = server.call(method, path, headers={"Host": host})

        assert SECRET not in str(answer.body)
        assert "MAIL_SERVER" not in str(answer.body)
        assert len(str(answer.body)) < 500 or host is None


def test_an_unknown_host_gets_json_under_the_api(server):
    answer = server.call("GET", "/api/products/", headers={"Host": "evil.example"})

    assert (answer.status, answer.body) == (400, {"detail": "Bad Request.", "code": "parse_error"})


@pytest.mark.parametrize(("address", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])  # noqa: S104
def test_development_mode_warns_if_others_can_connect(new_server, address, warned):
    server = new_server(DEVELOPMENT)
    server.command[-1] = f"{address}:{server.port}"
    with server:
        server.call("GET", "/healthz/")
        assert ("other machines can connect" in server.output) is warned


@pytest.mark.parametrize(
    "lengths",
    [
        [
            "",
        ],
        ["2", "3"],
        ["3", "2"],
        ["2", "2"],
        ["2, 2"],
    ],
)
def test_duplicate_or_empty_content_lengths_cannot_smuggle_a_request(server, lengths):
    headers = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    with server.raw(f"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{{}}x".encode()) as connection:
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            answer = answers.read()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("length", ["9" * 18, "9" * 40])
def test_a_huge_length_is_refused_without_a_traceback(server, length):
    logged = len(server.output)
    request = f"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{{}}"
    with server.raw(request.encode()) as connection:
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            assert answers.read().startswith(b"HTTP/1.1 413 ")

    assert "Traceback" not in server.output[logged:]
