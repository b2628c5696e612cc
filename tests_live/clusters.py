"""What may stand beside the PostgreSQL of tools/with-postgres: a replica of it, and PgBouncer in front of it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from .databases import CLUSTER, execute
from .server import WAIT, eventually

# Neither runs as root.
WHO = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def run(program, *arguments):
    """Run a program of PostgreSQL's."""
    command = [Path(os.environ["PG_CTL"]).resolve().with_name(program), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, **WHO)


def free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


def at_port(url, port):
    """Return the URL of the same database at another port."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()


@contextlib.contextmanager
def folder():
    """A folder of the user who runs PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="beside-postgres-") as path:
        if WHO:
            shutil.chown(path, "postgres", "postgres")
        yield Path(path)


class Replica:
    """A copy of the cluster that follows it."""

    def __init__(self, folder):
        self.data, self.port = folder / "data", free_port()
        run("pg_basebackup", "-D", self.data, "-d", CLUSTER, "-R", "-c", "fast", "--no-sync")

    def url(self, url):
        return at_port(url, self.port)

    def start(self, **parameters):
        parameters |= {"port": self.port, "listen_addresses": "127.0.0.1", "cluster_name": "replica"}
        options = " ".join(f"-c {name}={value}" for name, value in parameters.items())
        options += " -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "-D", self.data, "-l", self.data.with_name("log"), "-o", options, "-w", "start")

    def stop(self):
        run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    @contextlib.contextmanager
    def waited_for(self):
        """Let each commit of the cluster wait until the replica has it."""
        self.name_standbys("replica")
        try:
            yield
        finally:
            self.name_standbys("")

    def name_standbys(self, names):
        execute(CLUSTER, f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        execute(CLUSTER, "SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def behind(self):
        """Let it stay at what it has."""
        execute(self.url(CLUSTER), "SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            execute(self.url(CLUSTER), "SELECT pg_wal_replay_resume()")


@contextlib.contextmanager
def replica():
    with folder() as path:
        replica = Replica(path)
        replica.start()
        try:
            yield replica
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # stopped already
                replica.stop()


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
    """PgBouncer in transaction mode, with so many connections for all: a function from the URL of a database to its."""
    with folder() as path:
        port = free_port()
        (path / "ini").write_text(
            PGBOUNCER.format(cluster_port=urlsplit(CLUSTER).port, port=port, connections=connections)
        )
        # Debian keeps it off the PATH of users.
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        process = subprocess.Popen([program, "-q", path / "ini"], cwd="/", stderr=subprocess.DEVNULL, **WHO)
        try:
            eventually(lambda: answers(port))
            yield lambda url: at_port(url, port)
        finally:
            process.terminate()
            process.wait(timeout=WAIT)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
