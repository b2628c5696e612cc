"""The production server: when it refuses to start, and how it is reached."""

import re
import subprocess
import sys

import pytest

from .databases import ON_POSTGRES, execute
from .server import ROOT, WAIT, free_port

HTTPS = {"X-Forwarded-Proto": "https"}
BUFFER = "put a proxy that buffers requests in front"
DEVELOPMENT_MODE = "Development mode (DEBUG=on)"


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY must be set to at least 50 random characters in production"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be set to at least 50 random characters in production"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS must name the hosts to answer for in production"),
        ({"HTTPS": "perhaps"}, "HTTPS must be one of 1/0"),
        ({"METRICS_TOKEN": "t" * 20}, "PROMETHEUS_MULTIPROC_DIR must be the path of a directory"),
    ],
    ids=["no key", "short key", "no hosts", "malformed", "workers that share no metrics"],
)
def test_the_server_refuses_to_start_and_says_why(new_server, variables, sentence):
    server = new_server(**variables)
    server.launch()

    try:
        assert server.process.wait(timeout=WAIT) != 0
        assert sentence in server.output
        assert "Traceback" not in server.output
    finally:
        server.kill()


@pytest.fixture(scope="module")
def secure(new_server):
    with new_server(HTTPS="on") as server:
        yield server


@pytest.fixture(scope="module")
def behind_a_proxy(new_server):
    with new_server(HTTPS="on", TRUSTED_PROXIES="1") as server:
        yield server


@pytest.fixture
def broken(new_server):
    """A server with a database that the code cannot handle: a price that is not a number, or no price column."""
    with new_server() as server:
        server.create_product()
        broken = "PRAGMA ignore_check_constraints = on; UPDATE products_product SET price = 'x'"
        broken = "ALTER TABLE products_product DROP price" if ON_POSTGRES else broken
        execute(server.database_url, broken)
        yield server


def test_plain_http_redirects_pages_refuses_calls_and_answers_health_checks(secure):
    for path in ("/api/docs/", "/admin/", "/"):
        answer = secure.call("GET", path)
        assert answer.status == 301
        assert answer.headers["Location"] == f"https://127.0.0.1:{secure.port}{path}"
    for path in ("/api/products/", "/api/schema/", "/api/nothing/"):
        assert secure.call("GET", path).status == 403
    for path in ("/healthz/", "/readyz/"):
        assert secure.call("GET", path).status == 200


def test_the_health_check_of_the_container_image_fails_without_a_ready_server(secure):
    def run(port):
        command = [sys.executable, "deploy/container/healthcheck.py"]
        return subprocess.run(command, cwd=ROOT, env={"GRANIAN_PORT": str(port)}, capture_output=True).returncode

    assert run(secure.port) == 0
    assert run(free_port()) != 0


def test_only_a_trusted_proxy_may_report_https(secure, behind_a_proxy):
    assert secure.call("GET", "/api/schema/", headers=HTTPS).status == 403

    answer = behind_a_proxy.call("GET", "/api/schema/", headers=HTTPS)
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = behind_a_proxy.call("GET", "/api/schema/")
    assert (plain.status, plain.headers["Strict-Transport-Security"]) == (403, None)


@pytest.mark.parametrize("size", [10, 2**20 + 1, 10 * 2**20])
def test_a_kept_connection_works_after_a_refusal_over_plain_http(secure, size):
    with secure.connection() as connection:
        for _ in range(3):
            answer = connection.call("POST", "/api/login/", b" " * size)
            assert (answer.status, answer.body) == (
                403,
                {"detail": "Send this call over HTTPS.", "code": "https_required"},
            )
            assert connection.call("GET", "/healthz/").status == 200


def test_an_unknown_host_is_refused(server):
    answer = server.call("GET", "/api/schema/", headers={"Host": "evil.example"})

    assert answer.status == 400
    assert list(answer.body) == ["detail", "code"]


@pytest.mark.parametrize("page", ["/admin/login/", "/api/docs/"])
def test_pages_come_with_their_static_files(server, page):
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', server.call("GET", page).body)

    assert files
    for file in files:
        with server.connection() as connection:
            connection.request("GET", file)
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 0) == (200, True), file


def test_an_internal_error_is_logged_and_hidden_from_the_client(broken):
    answer = broken.call("GET", "/api/products/", token=broken.customer)

    assert (answer.status, answer.body) == (500, {"detail": "Internal Server Error.", "code": "error"})
    assert "Traceback" in broken.output


ANYWHERE = {"GRANIAN_HOST": "0.0.0.0"}  # noqa: S104


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, []), (ANYWHERE, [BUFFER]), (ANYWHERE | {"DEBUG": "on"}, [BUFFER, DEVELOPMENT_MODE])],
    ids=["here", "anywhere", "anywhere in development mode"],
)
def test_make_serve_warns_if_other_machines_can_connect(new_server, variables, expected):
    server = new_server(**variables)
    server.command = ["make", "--silent", "serve", f"VENV={sys.prefix}"]

    with server:
        assert [sentence for sentence in (BUFFER, DEVELOPMENT_MODE) if sentence in server.output] == expected
