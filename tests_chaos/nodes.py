"""The nodes of a shop, under a supervisor that does what systemd would do."""

import contextlib
import http.client
import os
import re
import signal
import threading
import time

from tests_cluster import cluster
from tests_cluster.link import Link
from tests_live.server import ROOT, Server

from .servers import children

UNIT = (ROOT / "deploy/order-management.service").read_text()
assert "\nRestart=always\n" in UNIT
RESTART_SECONDS = int(re.search(r"^RestartSec=(\d+)$", UNIT, re.M)[1])
READY_SECONDS = 5  # for an answer of /readyz/
START_SECONDS = 15  # for a worker

SETTINGS = {
    "ACCESS_TOKEN_LIFETIME": "60s",
    # All clients come from a few addresses.
    "REGISTER_RATE": "10000/h",
    "LOGIN_FAILURES": "10000",
}


def database_url(*ports, user="shop"):
    """Return the URL of the shop's database on these servers, as docs/operations.md has it."""
    hosts = ",".join(["127.0.0.1"] * len(ports))
    several = "&target_session_attrs=read-write" if len(ports) > 1 else ""
    return f"postgres://{user}@/shop?host={hosts}&port={','.join(map(str, ports))}{several}"


class Node(cluster.Node):
    """A node that is started again whenever it exits, as systemd does."""

    def __init__(self, number, folder, disk, **settings):
        super().__init__(number, folder / "log", ROOT)
        self.environment |= SETTINGS | settings
        self.disk, self.front, self.links = disk, Link(self.port), []
        self.lock, self.ended, self.wanted, self.began = threading.RLock(), threading.Event(), False, 0

    def __enter__(self):
        self.front.restore()
        super().__enter__()
        threading.Thread(target=self.supervise, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        super().__exit__(*error)
        for link in (self.front, *self.links):
            link.cut()

    def use(self, *ports):
        """Connect to the databases at these ports, each over its own link: the one that accepts writes is used."""
        self.links = [Link(port) for port in ports]
        for link in self.links:
            link.restore()
        self.environment["DATABASE_URL"] = database_url(*(link.port for link in self.links))

    def launch(self):
        with self.lock:
            self.began = self.log.stat().st_size if self.log.exists() else 0
            Server.launch(self)
            self.wanted, self.launched_at = True, time.monotonic()

    def start(self):
        Server.start(self)

    @property
    def output(self):
        """What it has logged since it was started."""
        with self.log.open(errors="replace") as log:
            log.seek(self.began)
            return log.read()

    def stop(self):
        with self.lock:
            self.wanted = False
            super().stop()

    def restart(self, **environment):
        """Restart it as `systemctl restart` does; a variable that is None is left out."""
        with self.lock:
            self.stop()
            changed = self.environment | environment
            self.environment = {name: value for name, value in changed.items() if value is not None}
            self.launch()

    def supervise(self):
        while not self.ended.wait(0.1):
            if self.has_failed():
                time.sleep(RESTART_SECONDS)
                self.revive()

    def has_failed(self):
        return self.wanted and self.process.poll() is not None

    def revive(self):
        with self.lock:
            if self.has_failed() and not self.ended.is_set():
                self.kill()  # as systemd does with the workers that are left
                self.launch()

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def send(self, signal_number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal_number)

    def workers(self):
        return children(self.process.pid)

    def is_ready(self):
        return self.has_started() and self.answers()

    def has_started(self):
        """Return whether all workers have started: granian does not stop the others, and would be killed in the end."""
        if time.monotonic() > self.launched_at + START_SECONDS:
            return True  # the log may have been full
        workers = self.output.count("Spawning worker")
        return workers > 0 and workers == self.output.count("Started worker")

    def answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException), self.connection() as connection:
            connection.timeout = READY_SECONDS
            return connection.call("GET", "/readyz/").status == 200
        return False
