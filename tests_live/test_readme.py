"""The commands in the README, run in a copy that has only the project's files, and every sample on a new server."""

import os
import re
import shutil
import signal
import socket
import subprocess
from urllib.request import urlopen

import pytest

from .databases import ON_POSTGRES
from .reader import Reader
from .server import DEVELOPMENT, ROOT, WAIT, eventually

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the commands use SQLite")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
RUN, TEST, CLASSIC, CURL, SERVE = (text.strip() for kind, text in FENCES if kind == "sh")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy with the files of a fresh clone and those not committed yet."""
    copy = tmp_path_factory.mktemp("clone") / "order-management"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def answers(url):
    try:
        with urlopen(url, timeout=WAIT) as answer:
            return answer.status == 200
    except OSError:
        return False


def serves(copy, script, path="/api/docs/", client="true"):
    """Run a script that starts a server, on a free port, and then a client; return the output of both."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    script = script.replace("manage.py runserver", f"manage.py runserver {port}")
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"PORT": port}
    log = copy.parent / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-euc", script], cwd=copy, env=variables, stdout=output, stderr=output, start_new_session=True
        )
    try:
        eventually(lambda: process.poll() is not None or answers(f"http://localhost:{port}{path}"), seconds=300)
        assert process.poll() is None, log.read_text()
        client = client.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        said = subprocess.run(["bash", "-euc", client], capture_output=True, text=True, check=True, timeout=WAIT).stdout
        return log.read_text() + said
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=WAIT)


def test_make_run_starts_the_api_and_prints_what_to_open(copy):
    assert RUN == "make run"
    printed = serves(copy, RUN, client=CURL)
    assert "Open http://127.0.0.1:" in printed
    assert printed.endswith('{"message":"Customer registered successfully"}')


def test_make_serve_starts_the_production_server(copy):
    serves(copy, SERVE, "/readyz/")


def test_the_classic_steps_start_the_api(copy):
    assert "No changes detected" in serves(copy, CLASSIC)


def test_only_the_second_step_differs_on_windows():
    assert CLASSIC.splitlines()[1] == "source venv/bin/activate"
    assert r"On Windows, the second line is `venv\Scripts\activate`" in README


def test_ci_runs_the_test_command_of_the_readme():
    assert f"step {TEST}\n" in (ROOT / ".ci/run").read_text()


def section(page, heading):
    return re.search(rf"^## {heading}$.*?(?=^## |\Z)", page, re.DOTALL | re.MULTILINE).group()


def test_all_samples_work_in_order_on_a_new_server(new_server, tmp_path):
    with new_server(DEVELOPMENT) as server:
        Reader(server, tmp_path).read(README)

        [order] = server.call("GET", "/api/orders/", token=server.admin).body
        assert (order["status"], order["total"]) == ("confirmed", "2400.00")
        assert server.products() == []


def test_the_csv_file_and_the_commands_of_the_operations_page_work(new_server, tmp_path):
    with new_server(DEVELOPMENT) as server:
        for name in ("Bat", "Ball"):
            server.create_product(name=name)
        reader = Reader(server, tmp_path)
        reader.read(section(OPERATIONS, "CSV files"))
        reader.read(section(OPERATIONS, "Routine maintenance"))

        products = {product["name"]: product["price"] for product in server.products()}
    assert products == {"Bat": "1200.00", "Ball": "260.00", "Kite": "12.50"}
