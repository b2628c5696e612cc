"""A replica of the PostgreSQL cluster of tools/with-postgres, and PgBouncer in front of the cluster."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from .databases import CLUSTER, execute
from .postgres import RUN_AS, PostgresServer, new_folder
from .server import WAIT, eventually, free_port


def at_port(url, port):
    """Return the URL of the same database at another port."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()


class Replica(PostgresServer):
    """A streaming replica of the cluster."""

    def database(self, url):
        """Return the URL of a database of the cluster on the replica."""
        return at_port(url, self.port)

    @contextlib.contextmanager
    def synchronous(self):
        """Let every commit of the cluster wait until the replica has it."""
        self.set_standbys(self.folder.name)
        try:
            yield
        finally:
            self.set_standbys("")

    def set_standbys(self, names):
        execute(CLUSTER, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        execute(CLUSTER, "SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def paused(self):
        """Pause the replay of changes."""
        execute(self.url, "SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            execute(self.url, "SELECT pg_wal_replay_resume()")


@contextlib.contextmanager
def folder(name):
    """A temporary folder with this name."""
    with tempfile.TemporaryDirectory(prefix="beside-postgres-") as parent:
        Path(parent).chmod(0o755)  # PostgreSQL may run as another user
        yield new_folder(parent, name)


@contextlib.contextmanager
def replica():
    with folder("replica") as path:
        replica = Replica(path)
        try:
            replica.follow(urlsplit(CLUSTER).port)
            yield replica
        finally:
            replica.destroy()


PGBOUNCER = """
[databases]
* = host=127.0.0.1 port={cluster_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
"""


@contextlib.contextmanager
def pgbouncer(connections):
    """Run PgBouncer in transaction mode with this many connections; yield a function that maps database URLs to it."""
    with folder("pgbouncer") as path:
        port = free_port()
        (path / "ini").write_text(
            PGBOUNCER.format(cluster_port=urlsplit(CLUSTER).port, port=port, connections=connections)
        )
        # Debian installs it outside the PATH of users.
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        process = subprocess.Popen([program, "-q", path / "ini"], cwd="/", stderr=subprocess.DEVNULL, **RUN_AS)
        try:
            eventually(lambda: answers(port))
            yield lambda url: at_port(url, port)
        finally:
            process.terminate()
            process.wait(timeout=WAIT)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
