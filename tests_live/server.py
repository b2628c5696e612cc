"""A server in separate processes, and a client that talks to it over real connections."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ADMIN, CUSTOMER, PASSWORD = "anna", "carl", "correct horse 17"
SECRET_KEY = "a key for the live tests only, longer than 50 characters"
WAIT = 30  # seconds, for anything that must happen eventually

DEVELOPMENT, PRODUCTION, ASGI = "development", "production", "asgi"
COMMANDS = {
    DEVELOPMENT: "manage.py runserver --noreload 127.0.0.1:{port}",
    # As `make serve` does.
    PRODUCTION: "-m granian --interface wsgi --http 1 --no-ws order_management.wsgi:application",
    ASGI: "-m granian --interface asgi --http 1 --no-ws order_management.asgi:application",
}
VARIABLES = {
    DEVELOPMENT: {"DEBUG": "on"},
    PRODUCTION: {"SECRET_KEY": SECRET_KEY, "ALLOWED_HOSTS": "127.0.0.1", "HTTPS": "off"},
}
VARIABLES[ASGI] = VARIABLES[PRODUCTION] | {"GRANIAN_BLOCKING_THREADS": "1"}  # granian's maximum under ASGI


class Response(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: Any


class Connection(http.client.HTTPConnection):
    """A connection that is kept between calls for as long as the server keeps it."""

    def call(self, *args, **kwargs):
        """Make a strict call, and return its response; see `begin`."""
        self.begin(*args, **kwargs)
        response = self.getresponse()
        content = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return Response(response.status, response.headers, json.loads(content) if is_json else content.decode())

    def begin(self, method, path, body=None, token=None, headers=None):
        """Send bytes unchanged and anything else as JSON; a header that is None is left out."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        known = {"Content-Type": body and "application/json", "Authorization": token and f"Bearer {token}"}
        known["Prefer"] = "handling=strict"
        sent = {name: value for name, value in (known | (headers or {})).items() if value is not None}
        self.request(method, path, body, sent)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def is_free(port):
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


class Server:
    """`with Server(...)` starts it on a free port, and stops it with all its workers."""

    running = []  # their output is shown when a test fails

    def __init__(self, kind, *, database_url, log, project=ROOT, **variables):
        self.port = free_port()
        granian = {"GRANIAN_PORT": str(self.port), "GRANIAN_WORKERS": "2", "GRANIAN_BLOCKING_THREADS": "4"}
        # The version before has none.
        log_config = project / "deploy/granian-log.json"
        granian["GRANIAN_LOG_CONFIG"] = str(log_config) if log_config.exists() else None
        # All calls come from one address, and many of them register or fail to log in.
        limits = {"THROTTLE_ENABLED": "off"}
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database_url,
            **granian,
            **limits,
            **VARIABLES[kind],
        }
        # A setting that is None is left out.
        self.environment = {name: value for name, value in (self.environment | variables).items() if value is not None}
        self.command = [sys.executable, *COMMANDS[kind].format(port=self.port).split()]
        self.database_url, self.log, self.project = database_url, log, project

    def __enter__(self):
        self.running.append(self)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        self.stop()
        self.running.remove(self)

    def launch(self):
        """Start the process without waiting for it to be ready."""
        with self.log.open("a") as output:
            # In a new session, so that its workers can be killed with it.
            streams = {"stdout": output, "stderr": output}
            self.process = subprocess.Popen(
                self.command, cwd=self.project, env=self.environment, **streams, start_new_session=True
            )

    def start(self):
        """Start, or start again on the same port and database; return when it is ready."""
        self.launch()
        eventually(self.is_ready)

    def is_ready(self):
        assert self.process.poll() is None, f"The server has stopped:\n{self.output}"
        # granian responds once its first worker runs, and does not stop workers that have not started yet.
        if self.output.count("Spawning worker") != self.output.count("Started worker"):
            return False
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.call("GET", "/healthz/").status == 200

    def stop(self):
        """Stop it as an operator does: terminate it, and kill it if that takes too long."""
        self.process.terminate()
        try:
            self.process.wait(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        """kill -9 it and its workers, so that none can finish its work."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=WAIT)

    def freeze(self):
        """Suspend it and its workers: connections stay open, but nothing is sent on them."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        # One thread gets the signal and then stops the others.
        eventually(lambda: self.thread_states() == {"T"})

    def thread_states(self):
        """Return the states of its threads, as in proc_pid_stat(5): T is stopped."""
        states = set()
        for file in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
            with contextlib.suppress(OSError):  # ended meanwhile
                state, _, group, *_ = file.read_text().rpartition(")")[2].split()
                states |= {state} if int(group) == self.process.pid else set()
        return states

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    @property
    def output(self):
        return self.log.read_text(errors="replace")

    def connection(self):
        return contextlib.closing(Connection("127.0.0.1", self.port, timeout=WAIT))

    def call(self, *args, **kwargs):
        """Make one call on a new connection; see Connection.call."""
        with self.connection() as connection:
            return connection.call(*args, **kwargs)

    def at_once(self, calls):
        """Make calls that all start at the same moment; return their responses. See `rounds_at_once`."""
        return [answers[0] for answers in self.rounds_at_once([[call] for call in calls])]

    def rounds_at_once(self, rounds):
        """Do the same with lists of calls: each list has a thread and a kept connection and is called in order."""
        barrier = threading.Barrier(len(rounds), timeout=WAIT)

        def make(calls):
            with self.connection() as connection:
                connection.call("GET", "/healthz/")  # connected and accepted by a worker
                barrier.wait()
                return [connection.call(*call) for call in calls]

        with ThreadPoolExecutor(len(rounds)) as threads:
            return list(threads.map(make, rounds))

    def raw(self, data):
        """Send bytes and return the socket."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        connection.sendall(data)
        return connection

    def login(self, username):
        answer = self.call("POST", "/api/login/", {"username": username, "password": PASSWORD})
        assert answer.status == 200, answer
        return answer.body

    @cached_property
    def admin(self):
        return self.login(ADMIN)["access"]

    @cached_property
    def customer(self):
        self.call("POST", "/api/accounts/register/", {"username": CUSTOMER, "password": PASSWORD})
        return self.login(CUSTOMER)["access"]

    def products(self):
        return self.call("GET", "/api/products/?page_size=1000", token=self.customer).body

    def create_product(self, **fields):
        product = {"name": "Bat", "price": "1200.00", "quantity": 10} | fields
        answer = self.call("POST", "/api/products/create/", product, self.admin)
        assert answer.status == 201, answer
        return answer.body


def manage(*arguments, project=ROOT, **variables):
    """Run a manage.py command in production mode and return its output."""
    environment = {"PATH": os.environ["PATH"]} | VARIABLES[PRODUCTION] | variables
    run = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=4 * WAIT,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def eventually(check, seconds=WAIT):
    """Wait until the check returns something true."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"The check was still false after {seconds} seconds."
        time.sleep(0.05)
