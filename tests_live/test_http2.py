"""HTTP/2 bodies need neither a length nor chunked encoding; granian accepts HTTP/2 unless configured otherwise."""

import subprocess

import pytest

from .databases import ON_POSTGRES
from .server import ASGI, PRODUCTION

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="bodies are refused before anything reads the database")
SENT_WITHOUT_LENGTH = ["-X", "POST", "-T", "-"]
SENT_WITH_LENGTH = ["--data-binary", "@-"]


@pytest.fixture(scope="module", params=[PRODUCTION, ASGI])
def server(request, new_server):
    server = new_server(request.param)
    server.command[server.command.index("--http") + 1] = "auto"
    with server:
        yield server


def post(server, *options):
    """Post an empty JSON object to the registration; return the status and the HTTP version."""
    url = f"http://127.0.0.1:{server.port}/api/accounts/register/"
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"]
    command += ["--http2-prior-knowledge", "--header", "Content-Type: application/json", *options, url]
    return subprocess.run(command, input=b"{}", capture_output=True, check=True, timeout=30).stdout.decode()


def test_a_body_without_a_length_is_not_read_as_empty(server):
    assert post(server, *SENT_WITHOUT_LENGTH) == "411 2"


def test_a_body_with_a_length_is_read(server):
    assert post(server, *SENT_WITH_LENGTH) == "400 2"
