"""PostgreSQL servers for the tests."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from .server import WAIT, eventually, free_port, is_free

# PostgreSQL refuses to run as root.
RUN_AS = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # there is no power loss here, and writes survive the process that made them
    # Commits wait for the replica, so it must reconnect to a restarted primary sooner than the default of 5 seconds.
    "wal_retrieve_retry_interval": "500ms",
}


def program(name):
    """Return the path of a PostgreSQL program; Debian installs the server's outside the PATH, by version."""
    versions = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    return shutil.which(name) or max(versions, key=lambda path: float(path.split("/")[4]))


def run(name, *arguments):
    """Run a PostgreSQL program to completion."""
    # The one next to pg_ctl: Debian's wrapper on the PATH may choose another version.
    command = [Path(program("pg_ctl")).resolve().with_name(name), *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, **RUN_AS)


def new_folder(parent, name):
    """Make a folder for a program that runs as RUN_AS."""
    folder = Path(parent) / name
    folder.mkdir()
    if RUN_AS:
        shutil.chown(folder, "postgres", "postgres")
    return folder


class PostgresServer:
    """A server on a free port, with its data in a folder from `new_folder`; the folder's name is the server's."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.options = OPTIONS | {"port": self.port}

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def create(self, *options):
        run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *options)
        self.start()

    def follow(self, port, *options):
        """Become a replica of the server at the port; the options are passed to pg_basebackup."""
        source = f"host=127.0.0.1 port={port} user=postgres application_name={self.folder.name}"
        run("pg_basebackup", "-D", self.folder / "data", "-d", source, "-R", "-c", "fast", "--no-sync", *options)
        self.start()

    def start(self):
        options = " ".join(f"-c {name}='{value}'" for name, value in self.options.items())
        self.ctl("-l", self.folder / "log", "-o", options, "start")

    def stop(self):
        self.ctl("-m", "fast", "stop")

    def restart(self):
        self.stop()
        self.start()

    def promote(self):
        self.ctl("promote")

    def ctl(self, *words):
        run("pg_ctl", "-D", self.folder / "data", "-w", *words)

    def kill(self):
        """kill -9 all its processes at once, so that none can finish its work."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in [first, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: is_free(self.port))

    def destroy(self):
        with contextlib.suppress(subprocess.CalledProcessError):  # not running
            self.ctl("-m", "immediate", "stop")

    def query(self, statement, *values):
        with psycopg.connect(self.url, autocommit=True, connect_timeout=WAIT) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else None

    def configure(self, **options):
        """Change settings while the server runs."""
        for name, value in options.items():
            self.query(f"ALTER SYSTEM SET {name} = '{value}'")
        self.query("SELECT pg_reload_conf()")

    def has_synchronous_replica(self):
        return self.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'") != []
