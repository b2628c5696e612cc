"""Bodies as they arrive over the network: too long, chunked or cut off. The servers treat them differently."""

import contextlib
import json
import os
import resource
import time
from pathlib import Path

import pytest

from .databases import ON_POSTGRES
from .server import ASGI, DEVELOPMENT, PRODUCTION

pytestmark = [
    pytest.mark.skipif(ON_POSTGRES, reason="bodies are refused before anything reads the database"),
    pytest.mark.parametrize("server", [DEVELOPMENT, PRODUCTION, ASGI], indirect=True),
]

CREATE = ("POST", "/api/products/create/")
BAT = b'{"name": "Bat", "price": 1200, "quantity": 10}'
BAT_LENGTH = len(BAT)
ONE_MB = b" " * 1_000_000
TEN_MB = b" " * 10_000_000
OK = {"status": "ok"}
TOO_LARGE = {"detail": "The body may have up to 1048576 bytes.", "code": "too_large"}
IN_CHUNKS = {"detail": "Send the body with a Content-Length, not in chunks.", "code": "length_required"}


@pytest.fixture(autouse=True)
def _nothing_is_written(server):
    before = server.products()
    yield
    assert server.products() == before


def chunks(size):
    """Yield a valid product, preceded by blanks of this size."""
    yield from (b" " * min(65536, size - sent) for sent in range(0, size, 65536))
    yield BAT


def head(server, *headers, length=BAT_LENGTH):
    lines = [
        "POST /api/products/create/ HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: Bearer {server.admin}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_client_that_sends_10_mb_can_read_the_413(server):
    for _ in range(20):
        answer = server.call(*CREATE, TEN_MB, server.admin)

        assert (answer.status, answer.body) == (413, TOO_LARGE)


def test_a_body_of_10_mb_is_a_413_on_every_path(server):
    for path in ("/api/login/", "/api/nothing/here/", "/api/products/"):
        assert server.call("POST", path, TEN_MB).status == 413


@pytest.mark.parametrize("size", [0, 300_000, 10_000_000])
def test_a_chunked_body_is_refused_and_not_read_as_empty(server, size):
    for _ in range(5):
        with server.connection() as connection:
            # runserver may hang up before everything is sent; curl and urllib3 then read the response too.
            with contextlib.suppress(ConnectionError):
                connection.request(*CREATE, chunks(size), {"Authorization": f"Bearer {server.admin}"})
            with connection.getresponse() as answer:
                assert answer.status == 411
                assert json.load(answer) == IN_CHUNKS
            assert connection.call("GET", "/healthz/").body == OK


BAD_TYPES = ["application/json; a*=foo''x", "application/json; charset*=idna''%ff", "application/json; charset=rot13"]
BAD_TYPES += ["application/json; charset=utf-16", "application/json; charset=undefined", "x" * 2000, "*/*", '"' * 500]


@pytest.mark.parametrize("content_type", BAD_TYPES)
def test_a_malformed_content_type_is_refused_and_breaks_nothing_else(server, content_type):
    headers = {"Content-Type": content_type}

    assert server.call(*CREATE, BAT, server.admin, headers).status == 415
    answer = server.call("GET", "/api/products/?in_stock=maybe", None, server.admin, headers)
    assert (answer.status, list(answer.body)) == (400, ["in_stock"])


def test_a_content_length_of_thousands_of_digits_is_refused(server):
    with server.raw(head(server, length="9" * 5000)) as connection, connection.makefile("rb") as answer:
        assert answer.readline().split()[1] in (b"400", b"413")


def test_a_body_without_a_content_type_is_refused(server):
    answer = server.call(*CREATE, BAT, server.admin, headers={"Content-Type": None})

    assert answer.status == 415
    assert "application/json" in answer.body["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"{}", 400),
        (TEN_MB, 413),
        (ONE_MB, 400),
    ],
    ids=["unreadable", "incomplete", "10 MB", "1 MB of blanks"],
)
def test_a_kept_connection_works_after_an_error(server, body, status):
    with server.connection() as connection:
        for _ in range(3):
            assert connection.call(*CREATE, body, server.admin).status == status
            assert connection.call("GET", "/healthz/").body == OK


@pytest.mark.parametrize("path", ["/api/login/", "/admin/login/", "/healthz/", "/nowhere/", "/static/x.css", "/admin"])
def test_leading_zeros_do_not_hide_a_content_length(server, path):
    length = b"0" * 25 + b"3000000"
    request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ".encode() + length
    with server.raw(request + b"\r\n\r\n" + b" " * 3_000_000) as connection, connection.makefile("rb") as answer:
        assert answer.readline().split()[1] == b"413"


@pytest.mark.parametrize("length", [b"+2", b"2, 3", b"-2", b"0x2", b"2_0", b"\xb2", b"9" * 5000, b"0" * 5000 + b"2"])
@pytest.mark.parametrize("path", ["/api/login/", "/admin/login/"])
def test_a_content_length_that_is_not_a_number_is_refused_and_breaks_nothing(server, path, length):
    request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ".encode() + length + b"\r\n\r\n{}"
    with server.raw(request) as connection, connection.makefile("rb") as answer:
        assert answer.readline().split()[1] in (b"400", b"403", b"413", b"415")
    assert server.call("GET", "/healthz/").body == OK


SIXTEEN_MB = b" " * 16_000_000
# Nothing reads these bodies, whatever handles the request.
UNREAD = [
    (("POST", "/admin/login/", SIXTEEN_MB), 413),
    (("POST", "/admin/products/product/import/", SIXTEEN_MB), 413),
    (("POST", "/nowhere/", ONE_MB), 413),
    (("PUT", "/static/admin/css/base.css", ONE_MB), 413),
    (("GET", "/static/admin/css/base.css", b" " * 60_000), 200),
    (("GET", "/healthz/", b" " * 60_000), 200),
    (("GET", "/admin", b" " * 60_000), 301),
    (("POST", "/nowhere/", b" " * 60_000), 404),
    (("POST", "/nowhere", b" " * 60_000), 404),
    (("POST", "/admin/login/", b" " * 60_000), 403),
    (("GET", "/", b" " * 60_000), 302),
    (("GET", "/healthz/", b" " * 60_000, None, {"Host": "evil.example"}), 200),
    (("GET", "/admin/", b" " * 60_000, None, {"Host": "evil.example"}), 400),
    (("POST", "/admin/", ONE_MB, None, {"Host": "evil.example"}), 413),
    (("GET", "/admin/?" + "x" * 5000, b" " * 60_000), 414),
    (("POST", "/api/login/", b" " * 60_000, None, {"Content-Encoding": "gzip"}), 415),
]


@pytest.mark.parametrize(
    ("call", "status"), UNREAD, ids=[f"{call[0]} {call[1][:20]} {status}" for call, status in UNREAD]
)
def test_a_kept_connection_works_after_any_body_on_any_path(server, call, status):
    with server.connection() as connection:
        for _ in range(5):
            assert connection.call(*call).status == status
            assert connection.call("GET", "/healthz/").body == OK


@pytest.mark.parametrize("path", ["/api/login/", "/admin/login/", "/nowhere/"])
def test_a_body_too_long_to_be_drained_is_refused_too(server, path):
    for _ in range(3):
        # The server may hang up on a client that is still sending.
        with server.connection() as connection, contextlib.suppress(ConnectionError):
            assert connection.call("POST", path, b" " * 20_000_000).status == 413
    assert server.call("GET", "/healthz/").body == OK
    assert "Traceback" not in server.output


@pytest.mark.parametrize("path", ["/admin/login/", "/nowhere/", "/healthz/", "/static/admin/css/base.css"])
def test_a_chunked_body_is_refused_on_every_path(server, path):
    with server.connection() as connection:
        with contextlib.suppress(ConnectionError):
            connection.request("POST", path, chunks(300_000))
        assert connection.getresponse().status == 411


@pytest.fixture
def _no_large_files(server):
    """The server cannot write files larger than 8 MB, which is enough for its database and log."""
    processes = [int(p.name) for p in Path("/proc").glob("[0-9]*") if p.is_dir()]
    mine = [pid for pid in processes if is_of_group(pid, server.process.pid)]
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE, (8_000_000, resource.RLIM_INFINITY)) for pid in mine]
    yield
    for pid, limits in zip(mine, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def is_of_group(pid, group):
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid) == group


@pytest.mark.usefixtures("_no_large_files")
@pytest.mark.parametrize("path", ["/admin/login/", "/admin/products/product/import/", "/nowhere/", "/api/login/"])
def test_no_body_is_written_to_disk_before_it_is_refused(server, path):
    form = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b" " * 12_000_000 + b"\r\n--x--\r\n"
    )

    answer = server.call("POST", path, form, headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert answer.status == 413


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (("POST", "/api/products/create/", ONE_MB), 401),
        (("POST", "/api/products/create/", ONE_MB, "wrong"), 401),
        (("DELETE", "/api/products/1/", ONE_MB), 401),
        (("POST", "/api/products/create", ONE_MB), 404),
        (("GET", "/api/schema/", ONE_MB), 200),
    ],
)
def test_a_kept_connection_works_after_a_body_that_the_api_does_not_read(server, call, status):
    with server.connection() as connection:
        for _ in range(5):
            assert connection.call(*call).status == status
            assert connection.call("GET", "/healthz/").body == OK


def test_a_client_that_hangs_up_halfway_leaves_nothing_behind(server):
    before = len(server.output)
    for size, sent in ((BAT_LENGTH, b""), (BAT_LENGTH, BAT[:-1]), (10_000_000, TEN_MB[:2_000_000])):
        server.raw(head(server, length=size) + sent).close()
    time.sleep(0.2)  # the server has noticed by now

    assert server.call("GET", "/healthz/").status == 200
    assert "Traceback" not in server.output[before:]


def test_a_client_may_expect_100_continue(server):
    with server.raw(head(server, "Expect: 100-continue", length=2)) as connection, connection.makefile("rb") as answer:
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert answer.readline() == b"\r\n"
        connection.sendall(b"{}")
        assert answer.readline().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("garbage", [b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0", b"A" * 70_000])
def test_garbage_does_no_harm(server, garbage):
    with server.raw(garbage):
        assert server.call("GET", "/healthz/").status == 200
