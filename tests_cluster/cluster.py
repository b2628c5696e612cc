"""Two nodes behind nginx, with a PostgreSQL primary and a synchronous replica: all real, all on this machine."""

import contextlib
import re
import sys
import time
from functools import cached_property
from pathlib import Path

from tests_live.databases import prepare
from tests_live.postgres import PostgresServer, new_folder
from tests_live.server import ADMIN, PRODUCTION, ROOT, WAIT, Connection, Server, eventually

from .link import Link
from .nginx import Nginx

# Long enough for requests that nginx has assigned to a node to reach it.
DRAIN_SECONDS = 1
# A commit is acknowledged once the replica has applied it too.
SYNCHRONOUS = {"synchronous_commit": "remote_apply", "synchronous_standby_names": "*"}
WORKERS, THREADS = 2, 4
SETTINGS = {
    "TRUSTED_PROXIES": "1",
    "THROTTLE_ENABLED": "on",
    "REGISTER_RATE": "20/h",
    "ACCESS_TOKEN_LIFETIME": "2h",  # longer than the longest load
}


class Node(Server):
    """The production server as its systemd unit starts it, with its own link to the database."""

    def __init__(self, number, log, project):
        unit = (project / "deploy/order-management.service").read_text()
        environment = dict(word.split("=") for word in re.search("^Environment=(.*)$", unit, re.M)[1].split())
        assert environment["GRANIAN_WORKERS"] == str(WORKERS)
        assert environment["GRANIAN_BLOCKING_THREADS"] == str(THREADS)
        super().__init__(PRODUCTION, database_url=None, log=log, project=project, **SETTINGS | environment)
        _, *arguments = re.search("^ExecStart=(.*)$", unit, re.M)[1].split()
        self.command = [sys.executable, "-m", "granian", *arguments]
        self.number, self.link = number, None

    def use(self, primary, *others):
        """Configure the databases for the next start; if there are several, the node finds the writable one."""
        self.unlink()
        self.link = Link(primary.port)
        self.link.restore()
        ports = ",".join(map(str, [self.link.port, *(other.port for other in others)]))
        hosts = ",".join(["127.0.0.1"] * (1 + len(others)))
        # If the node vanishes, only TCP timeouts should end its transactions.
        no_timeout = "options=-c%20idle_in_transaction_session_timeout%3D0"
        options = f"host={hosts}&port={ports}&target_session_attrs=read-write&{no_timeout}"
        self.environment["DATABASE_URL"] = f"postgres://postgres@/postgres?{options}"

    def unlink(self):
        if self.link:
            self.link.cut()

    def start(self):
        self.log.write_text("")  # is_ready() reads the log
        super().start()

    def is_ready(self):
        return super().is_ready() and self.call("GET", "/readyz/").status == 200

    def workers(self):
        """Return the ids of its worker processes."""
        return re.findall(r"Spawning worker-\d+ with PID: (\d+)", self.output)


class Cluster:
    """`with Cluster(...)` starts everything; the methods are what an operator does with it."""

    def __init__(self, folder, *, read_from_replica=False, project=ROOT):
        self.folder, self.read_from_replica, self.project = folder, read_from_replica, project
        self.nodes = [Node(number, folder / f"node_{number}.log", project) for number in (1, 2)]
        self.databases = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop_databases)
            self.primary = self.new_database()
            self.primary.create()
            prepare(self.primary.url, self.project)
            self.add_replica()
            for node in self.nodes:
                stack.callback(node.unlink)
                self.configure(node)
                stack.enter_context(node)
            (self.folder / "nginx").mkdir()
            self.nginx = stack.enter_context(Nginx(self.folder / "nginx", self.nodes, self.project))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        self.stack.close()

    def stop_databases(self):
        for database in reversed(self.databases):
            database.destroy()

    def new_database(self):
        self.databases.append(PostgresServer(new_folder(self.folder, f"postgres_{len(self.databases) + 1}")))
        return self.databases[-1]

    def add_replica(self):
        """Make a replica of the primary, for which every commit waits from then on."""
        self.replica = self.new_database()
        self.replica.follow(self.primary.port, "-C", "-S", self.replica.folder.name)
        self.primary.configure(**SYNCHRONOUS)
        eventually(self.primary.has_synchronous_replica)

    def configure(self, node, *others):
        node.use(self.primary, *others)
        if self.read_from_replica and self.replica:
            node.environment["DATABASE_REPLICA_URL"] = self.replica.url

    def rolling_restart(self, *others):
        """Restart the nodes with these databases, one after the other, each while nginx sends it nothing."""
        for node in self.nodes:
            with self.drained(node):
                node.stop()
                self.configure(node, *others)
                node.start()

    @contextlib.contextmanager
    def drained(self, node):
        flag = self.nginx.drained / str(node.number)
        flag.touch()
        try:
            time.sleep(DRAIN_SECONDS)
            yield
        finally:
            flag.unlink()

    def promote(self):
        """Promote the replica to primary; the old primary must not come back."""
        self.replica.configure(synchronous_standby_names="")  # it has no replica to wait for yet
        self.replica.promote()
        self.primary, self.replica = self.replica, None

    def fail_over(self):
        """Promote the replica and configure the nodes for it."""
        self.promote()
        for node in self.nodes:
            self.configure(node)
            node.stop()
            node.start()

    def connection(self, address="127.0.0.1"):
        """Connect to nginx from an address of this machine: 127.0.0.1, 127.0.0.2 and so on."""
        connection = Connection("127.0.0.1", self.nginx.port, timeout=WAIT, source_address=(address, 0))
        return contextlib.closing(connection)

    def call(self, *arguments, address="127.0.0.1", **options):
        with self.connection(address) as connection:
            return connection.call(*arguments, **options)

    def memory(self):
        """Return the resident memory of each worker, in pages."""
        pids = [pid for node in self.nodes for pid in node.workers()]
        return {pid: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids}

    def client_connections(self):
        """Return the number of connections to the primary, without the one that asks."""
        statement = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return self.primary.query(statement)[0][0] - 1

    @cached_property
    def admin(self):
        return self.nodes[0].login(ADMIN)["access"]
