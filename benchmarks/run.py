"""Measure this project against its peers: `make bench`.

Each server gets a new database, filled with the same data through its API, and the answers of all servers are compared
before anything is timed. Each server has one worker on one core, and the load (wrk) runs on another; the servers take
turns. The main figure is the CPU time per request of the server's processes, because other work on the machine affects
it least. With `--before REVISION`, an earlier revision of this project is one more server, with `--without PART` the
project without one of the parts of parts.py, and with `--threads 2` the project with that number of threads.
On PostgreSQL: `tools/with-postgres make bench`, without the floor, which supports only SQLite.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from . import report
from .parts import PARTS, copy_without

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PEERS = Path(os.environ.get("BENCH_BIN", BIN))
THREADS = 4  # of ours and of the floor, as in the Makefile
KEY = "a key for the benchmark alone, of more than fifty characters"
ADMIN, PASSWORD = "anna", "correct horse 17"
CUSTOMER = "carl"
STRICT = {"Prefer": "handling=strict"}  # so that misspelled names are refused; the peers ignore it
PRODUCTS, ORDERS = 200, 120
TICKS = os.sysconf("SC_CLK_TCK")
OURS, BEFORE, FASTAPI, NINJA, DRF, FLOOR = "ours", "before", "FastAPI", "django-ninja", "plain DRF", "floor"


def granian(application):
    options = "--interface wsgi --http 1 --workers {workers} --blocking-threads {threads} --port {port}"
    return f"{BIN}/granian {options} {application}"


GUNICORN = (
    f"{PEERS}/gunicorn --workers {{workers}} --worker-class gthread --threads 4 --keep-alive 60"
    " --bind 127.0.0.1:{port}"
)
# name: (commands that prepare the database, command that serves)
SERVERS = {
    OURS: (
        [f"{BIN}/python manage.py migrate --verbosity 0", f"{BIN}/python manage.py createsuperuser --noinput"],
        granian("order_management.wsgi:application"),
    ),
    FLOOR: ([f"{BIN}/python -m benchmarks.peers.floor"], granian("benchmarks.peers.floor:application")),
    FASTAPI: (
        [f"{PEERS}/python -m benchmarks.peers.fastapi_sqlalchemy"],
        f"{PEERS}/uvicorn benchmarks.peers.fastapi_sqlalchemy:app --host 127.0.0.1 --port {{port}}"
        " --workers {workers} --loop uvloop --http httptools --no-access-log --log-level warning",
    ),
    NINJA: (
        [f"{PEERS}/python -m benchmarks.peers.django_ninja.prepare"],
        f"{GUNICORN} benchmarks.peers.django_ninja.wsgi",
    ),
    DRF: ([f"{PEERS}/python -m benchmarks.peers.plain_drf.prepare"], f"{GUNICORN} benchmarks.peers.plain_drf.wsgi"),
}


def check_out(revision, folder):
    """Extract the files of a revision into the folder."""
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


class Server:
    """A server with its own database, by default on core 0; `folder` has its code. Other names are variants of ours."""

    def __init__(self, name, database_url, log, workers=1, threads=THREADS, cores="0", folder=ROOT):
        self.name, self.log, self.folder = name, log, folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.prepare, command = SERVERS.get(name, SERVERS[OURS])
        self.command = [
            "taskset",
            "--cpu-list",
            cores,
            *command.format(port=self.port, workers=workers, threads=threads).split(),
        ]
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            "SECRET_KEY": KEY,
            # Not measured here: limits per address, and TLS.
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "off",
            "THROTTLE_ENABLED": "off",
            **{f"DJANGO_SUPERUSER_{name}": value for name, value in (("USERNAME", ADMIN), ("PASSWORD", PASSWORD))},
            "DJANGO_SUPERUSER_EMAIL": "anna@example.com",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.results = {}

    def __enter__(self):
        for command in self.prepare:
            self.run(command.split())
        began = time.perf_counter()
        self.launch()
        self.wait()
        self.cold_start = time.perf_counter() - began
        return self

    def run(self, command):
        subprocess.run(command, cwd=self.folder, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def launch(self):
        with self.log.open("a") as output:
            where = {"cwd": self.folder, "env": self.environment, "stdout": output, "stderr": output}
            self.process = subprocess.Popen(self.command, start_new_session=True, **where)

    def wait(self):
        """Wait for an answer with any status."""
        for _ in range(3000):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.call("GET", "/api/products/")
                self.connection.close()  # it may stay idle for longer than the server allows
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.01)
        raise TimeoutError(self.name)

    def __exit__(self, *error):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)

    def call(self, method, path, body=None, token=None):
        """Make one call; return its status and its JSON body."""
        headers = dict(STRICT)
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        if not hasattr(self, "connection"):
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return response.status, json.loads(content) if content else None

    def expect(self, status, *call):
        answer = self.call(*call)
        assert answer[0] == status, (self.name, call, answer)
        return answer[1]

    def log_in(self, username):
        tokens = self.expect(200, "POST", "/api/login/", {"username": username, "password": PASSWORD})
        assert set(tokens) == {"refresh", "access"}
        return tokens["access"]

    def fill(self):
        """Create the same data on every server, through the API."""
        self.expect(201, "POST", "/api/accounts/register/", {"username": CUSTOMER, "password": PASSWORD})
        self.admin, self.customer = self.log_in(ADMIN), self.log_in(CUSTOMER)
        for number in range(1, PRODUCTS + 1):
            product = {"name": f"Product {number}", "price": f"{number}.50", "quantity": 1_000_000}
            self.expect(201, "POST", "/api/products/create/", product, self.admin)
        for number in range(ORDERS):
            first = number % (PRODUCTS - 2) + 1
            items = [{"product": first + step, "quantity": step + 1} for step in range(2)]
            self.expect(201, "POST", "/api/orders/", {"items": items, "note": f"order {number}"}, self.customer)

    def answers(self):
        """Return the answers that must be the same for every server, without times."""
        listed = self.expect(200, "GET", "/api/products/", None, self.customer)
        orders = self.expect(200, "GET", "/api/orders/", None, self.customer)
        assert len(listed) == len(orders) == 100
        order = {"items": [{"product": 3, "quantity": 2}, {"product": 5, "quantity": 1}]}
        answers = [
            listed,
            orders,
            self.expect(200, "GET", "/api/products/7/", None, self.customer),
            self.expect(200, "PUT", "/api/products/9/", {"quantity": 15}, self.admin),
            self.expect(200, "PUT", "/api/products/9/", {"quantity": 1_000_000}, self.admin),
            self.expect(201, "POST", "/api/orders/", order, self.customer),
        ]
        refusals = [
            self.call("GET", "/api/products/")[0],
            self.call("GET", "/api/products/", None, self.customer + "x")[0],
            self.call("PUT", "/api/products/9/", {"quantity": 1}, self.customer)[0],
            self.call("GET", "/api/products/99999/", None, self.customer)[0],
            self.call("POST", "/api/orders/", {"items": [{"product": 9, "quantity": 999_999}] * 2}, self.customer)[0],
            self.call("POST", "/api/login/", {"username": CUSTOMER, "password": "wrong"})[0],
        ]
        assert refusals == [401, 401, 403, 404, 409, 401], (self.name, refusals)
        return re.sub(r'"(created_at|updated_at)": "[0-9T:.-]+Z"', "", json.dumps(answers))

    def cpu(self):
        """Return the CPU time of its processes, user and system, in seconds."""
        fields = [process.read_text().rpartition(")")[2].split() for process in self.processes("stat")]
        return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS

    def settle(self):
        """Wait until it is idle: it may still be working on calls that wrk has given up on."""
        for _ in range(100):
            before = self.cpu()
            time.sleep(0.05)
            if self.cpu() == before:
                return

    def memory(self):
        """Return the resident memory of its largest process, in MB."""
        sizes = [re.search(r"VmRSS:\s+(\d+)", file.read_text()) for file in self.processes("status")]
        return max(int(size[1]) for size in sizes if size) / 1024

    def processes(self, file):
        """Yield the path of this /proc file for each process of its session."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if stat.read_text().rpartition(")")[2].split()[3] == str(self.process.pid):
                    yield stat.with_name(file)

    def load(self, call, seconds, connections):
        """Run wrk for a while; return (CPU seconds, requests, requests/s, p50, p99, longest in ms)."""
        script = ROOT / "benchmarks/load.lua"
        variables = {
            "METHOD": call["method"],
            "TOKEN": {"admin": self.admin, "customer": self.customer, None: ""}[call["by"]],
            "BODIES": json.dumps(call.get("bodies", [])),
            "PATH": os.environ["PATH"],
        }
        command = ["taskset", "--cpu-list", "1", "wrk", "--threads", "1", "--latency", "--timeout", "30s"]
        command += ["--connections", str(connections), "--duration", f"{seconds}s", "--script", str(script)]
        before = self.cpu()
        run = subprocess.run(
            [*command, f"http://127.0.0.1:{self.port}{call['path']}"],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 60,
        )
        cpu = self.cpu() - before
        result = json.loads(run.stdout[run.stdout.index("{") :])
        assert not result["errors"], (self.name, call, result)
        return (
            cpu,
            result["requests"],
            result["requests"] / result["seconds"],
            *(result[name] for name in ("p50", "p99", "max")),
        )


ORDER_BODIES = [
    json.dumps({"items": [{"product": first, "quantity": 1}, {"product": first + 1, "quantity": 1}]})
    for first in range(1, PRODUCTS)
]
CALLS = {
    "GET products, 100 rows": {"method": "GET", "path": "/api/products/", "by": "customer"},
    "GET one product": {"method": "GET", "path": "/api/products/7/", "by": "customer"},
    "POST product": {
        "method": "POST",
        "path": "/api/products/create/",
        "by": "admin",
        "bodies": [json.dumps({"name": "Bat", "price": "1200.00", "quantity": 10})],
    },
    "PUT product": {
        "method": "PUT",
        "path": "/api/products/9/",
        "by": "admin",
        # Two in turn, so that each call changes something.
        "bodies": [json.dumps({"quantity": 500_000}), json.dumps({"quantity": 500_001})],
    },
    "POST order, 2 lines": {"method": "POST", "path": "/api/orders/", "by": "customer", "bodies": ORDER_BODIES},
    "GET own orders, 100 rows": {"method": "GET", "path": "/api/orders/", "by": "customer"},
    "POST login": {
        "method": "POST",
        "path": "/api/login/",
        "by": None,
        "bodies": [json.dumps({"username": CUSTOMER, "password": PASSWORD})],
        "seconds": 10,  # at least: one takes half a second with Django's default hash
    },
}


def new_database(folder, number):
    """Return the URL of a new database: on the PostgreSQL that DATABASE_URL names, or a SQLite file in the folder."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return f"sqlite:///{folder}/{number}.sqlite3"
    name = f"bench_{number}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def measure(servers, rounds, seconds, connections):
    """Return {call: {server: [one result per round]}}; the servers take turns."""
    results = {call: {server.name: [] for server in servers} for call in CALLS}
    for number in range(rounds):
        for name, call in CALLS.items():
            for server in servers[number % len(servers) :] + servers[: number % len(servers)]:
                results[name][server.name].append(server.load(call, max(seconds, call.get("seconds", 0)), connections))
                server.settle()
                show(f"round {number + 1}/{rounds}: {name}, {server.name}")
    return results


def show(text):
    if sys.stderr.isatty():
        print(f"\r{text:<79}", end="", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    everybody = [
        name
        for name in [OURS, FLOOR, FASTAPI, NINJA, DRF]
        if name != FLOOR or not os.environ.get("DATABASE_URL", "").startswith("postgres")
    ]
    parser.add_argument("--only", nargs="+", choices=everybody, default=everybody, help="measure only these servers")
    parser.add_argument("--before", metavar="REVISION", help="compare with this revision of the code")
    parser.add_argument("--call", nargs="+", choices=CALLS, help="measure only these calls")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=4, help="number of connections of wrk")
    parser.add_argument("--without", nargs="+", choices=PARTS, default=[], help="compare without these parts")
    parser.add_argument("--threads", nargs="+", type=int, default=[], help="compare with these numbers of threads")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    for name in set(CALLS) - set(options.call or CALLS):
        del CALLS[name]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        variants = {name: {} for name in options.only}
        variants |= {f"{number} threads": {"threads": number} for number in options.threads}
        if options.before:
            variants[BEFORE] = {"folder": check_out(options.before, f"{folder}/before")}
        for part in options.without:
            variants[f"without {part}"] = {"folder": copy_without(part, ROOT, f"{folder}/{part}")}
        servers = []
        for number, (name, variant) in enumerate(variants.items()):
            server = Server(name, new_database(folder, number), Path(folder) / f"{number}.log", **variant)
            servers.append(stack.enter_context(server))
        answers = set()
        for server in servers:
            server.fill()
            answers.add(server.answers())
        assert len(answers) == 1, "The answers of the servers differ."
        results = measure(servers, options.rounds, options.seconds, options.connections)
        facts = {server.name: {"memory": server.memory(), "start": server.cold_start} for server in servers}
    show("")
    figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "connections": options.connections}
    figures |= {"results": results, "facts": facts}
    if options.json:
        options.json.write_text(json.dumps(figures))
    print(*report.tables(figures), sep="\n\n")


if __name__ == "__main__":
    main()
