"""HTTP/2 has bodies without a length and without a sign of chunks: granian accepts it unless configured otherwise."""

import subprocess

import pytest

from .server import ASGI, PRODUCTION

SENT_WITHOUT_LENGTH = ["-X", "POST", "-T", "-"]
SENT_WITH_LENGTH = ["--data-binary", "@-"]


@pytest.fixture(scope="module", params=[PRODUCTION, ASGI])
def server(request, new_server):
    server = new_server(request.param)
    server.command[server.command.index("--http") + 1] = "auto"
    with server:
        yield server


def post(server, *options):
    """Send an empty JSON object to register; return the status and the HTTP version."""
    url = f"http://127.0.0.1:{server.port}/api/accounts/register/"
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"]
    command += ["--http2-prior-knowledge", "--header", "Content-Type: application/json", *options, url]
    return subprocess.run(command, input=b"{}", capture_output=True, check=True, timeout=30).stdout.decode()


def test_a_body_without_a_length_is_not_taken_for_empty(server):
    assert post(server, *SENT_WITHOUT_LENGTH) == "411 2"


def test_one_with_a_length_is_read(server):
    assert post(server, *SENT_WITH_LENGTH) == "400 2"
