"""The samples in docs/clients.md, and the shop in which they run."""

import contextlib
import os
import re
import subprocess

from .flaky import flaky
from .server import ADMIN, DEVELOPMENT, PASSWORD, ROOT, WAIT

PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"
PARTS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", "## Intro\n" + PAGE, re.DOTALL | re.MULTILINE))


def blocks(part, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PARTS[part], re.DOTALL | re.MULTILINE)


@contextlib.contextmanager
def shop(new_server, origin=None):
    """Yield a server and a proxy to it that fails."""
    server = new_server(DEVELOPMENT, CORS_ALLOWED_ORIGINS=origin)
    with server, flaky(server.port) as proxy:
        yield server, proxy


def run(command, script, proxy, folder):
    """Run a sample as a reader does, through the proxy; return what it prints."""
    here = f"http://127.0.0.1:{proxy.server_port}"
    variables = {"PATH": os.environ["PATH"], "ADMIN": ADMIN, "PASSWORD": PASSWORD}
    done = subprocess.run(
        [*command, script.replace(HERE, here)],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_one_order_was_placed(server, proxy):
    """The first try placed the order, but its answer was lost; then came a 503, and then the token was refused."""
    assert proxy.orders[:4] == [201, 503, 401, 201]
    [order] = server.call("GET", "/api/orders/?page_size=1000", token=server.login(ADMIN)["access"]).body
    assert order["items"][0]["quantity"] == 2
    return order
