"""Servers and workers that are killed, stopped or restarted."""

import signal
from dataclasses import dataclass

from tests_chaos.servers import send

from .fault import Fault, Task

DATABASES = {"primary", "replica"}


class ServerFault(Fault):
    @property
    def claims(self):
        return {"databases"} if self.target in DATABASES else {self.target}


@dataclass
class Kill(ServerFault):
    """kill -9 all processes of a server."""

    target: str
    verb, is_kill = "kill", True

    def inject(self, shop):
        self.server = shop.servers[self.target]
        self.server.kill()

    def heal(self, shop):
        self.server.revive()


@dataclass
class Stop(ServerFault):
    """SIGSTOP all processes of a server."""

    target: str
    verb = "stop"

    def inject(self, shop):
        self.server = shop.servers[self.target]
        self.server.freeze()

    def heal(self, shop):
        self.server.thaw()


@dataclass
class Restart(ServerFault, Task):
    """Restart a server gracefully, or reload nginx."""

    target: str

    @property
    def verb(self):
        return "reload" if self.target == "nginx" else "restart"

    def work(self, shop):
        shop.servers[self.target].restart()


@dataclass
class Signal(Fault):
    """Send a signal to one process of a server."""

    signal: str
    pid = None

    @property
    def verb(self):
        return {"SIGKILL": "kill", "SIGSTOP": "stop"}[self.signal]

    @property
    def is_kill(self):
        return self.signal == "SIGKILL"

    def inject(self, shop):
        pids = self.candidates(shop)
        # There are none if other faults have ended them.
        self.pid = pids[self.number % len(pids)] if pids else None
        self.send(self.signal)

    def heal(self, shop):
        if not self.is_kill:
            self.send("SIGCONT")

    def send(self, name):
        if self.pid:
            send(signal.Signals[name], [self.pid])


@dataclass
class SignalWorker(Signal):
    node: int
    number: int
    target = "worker"

    @property
    def claims(self):
        return {f"node {self.node}"}

    def candidates(self, shop):
        return shop.servers[f"node {self.node}"].workers()


@dataclass
class SignalBackend(Signal):
    """Signal a session of the shop's. If it is killed, PostgreSQL ends all sessions, and recovers."""

    number: int
    target = "backend"

    @property
    def claims(self):
        return {"databases"}

    def candidates(self, shop):
        sessions = shop.primary.query(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'shop' AND pid <> pg_backend_pid() ORDER BY pid"
        )
        return [pid for [pid] in sessions]
