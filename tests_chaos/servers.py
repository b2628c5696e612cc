"""The servers beside the nodes, which can be killed, stopped and started again."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests_cluster import nginx
from tests_cluster.link import Link
from tests_live.postgres import RUN_AS, PostgresServer
from tests_live.server import ROOT, WAIT, eventually, free_port, is_free


def children(pid):
    with contextlib.suppress(OSError):  # it has ended
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def send(signal_number, pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


class Processes:
    """What can happen to a server. Subclasses have `pids`, `start` and `is_running`."""

    def kill(self):
        """kill -9 all its processes at once."""
        self.freeze()  # so that none of them notices the end of another one
        send(signal.SIGKILL, self.pids())
        eventually(lambda: not self.is_running())

    def freeze(self):
        send(signal.SIGSTOP, self.pids())

    def thaw(self):
        send(signal.SIGCONT, self.pids())

    def revive(self):
        if not self.is_running():
            self.start()


class Nginx(Processes, nginx.Nginx):
    def pids(self):
        return [self.process.pid, *children(self.process.pid)]

    def is_running(self):
        return self.process.poll() is None

    def start(self):
        (self.folder / "pid").unlink(missing_ok=True)
        super().start()

    def restart(self):
        self.reload(self.project)


class Postgres(Processes, PostgresServer):
    """A database, with a link for its replica."""

    def __init__(self, folder, disk):
        super().__init__(folder)
        self.disk = disk
        # As docs/operations.md has it, and small enough for its disk.
        self.options |= {"hot_standby_feedback": "on", "max_standby_streaming_delay": "1s"}
        self.options |= {"max_slot_wal_keep_size": "1GB", "max_wal_size": "128MB"}
        # On a full disk, writing the write-ahead log must fail, too. Without recycling, it soon needs a new file.
        self.options |= {"wal_recycle": "off"}
        self.link = Link(self.port)
        self.link.restore()

    def create(self):
        super().create("--wal-segsize=1")  # megabyte

    def pids(self):
        with contextlib.suppress(OSError, IndexError):  # it is not running
            first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
            return [first, *children(first)]
        return []

    def is_running(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.ctl("status")
            return True
        return False

    def revive(self):
        """Start it if it does not run, and wait until it answers."""
        eventually(self.is_back)

    def is_back(self):
        # It may end while it recovers, if its disk was full a moment ago.
        with contextlib.suppress(psycopg.Error, subprocess.CalledProcessError):
            super().revive()
            return self.query("SELECT 1")
        return False

    def kill(self):
        super().kill()
        eventually(lambda: is_free(self.port))
        # Its process id may soon be somebody else's.
        (self.folder / "data/postmaster.pid").unlink()

    def follow_anew(self, primary):
        """Become a replica of the primary, from nothing."""
        if self.pids():
            self.destroy()
        for path in (self.folder / "data").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        name = self.folder.name
        primary.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", name)
        self.follow(primary.link.port, "-C", "-S", name)
        primary.configure(synchronous_standby_names=name, synchronous_commit="remote_apply")
        eventually(primary.has_synchronous_replica)

    def is_caught_up_with(self, primary):
        """Return whether it has applied whatever the primary has written until now."""
        [[position]] = primary.query("SELECT pg_current_wal_lsn()::text")
        applied = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND replay_lsn >= %s::pg_lsn"
        return bool(primary.query(applied, position))


PGBOUNCER = """
[databases]
shop = host=127.0.0.1 port={primary} user=shop
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
"""
DOCUMENTED = re.search(
    r"^pool_mode = transaction$.*?(?=^```$)", (ROOT / "docs/operations.md").read_text(), re.M | re.S
)[0]


class PgBouncer(Processes):
    """PgBouncer with the settings of docs/operations.md."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

    def use(self, primary):
        """Name the primary in its configuration, which takes effect at the next start or reload."""
        (self.folder / "ini").write_text(PGBOUNCER.format(primary=primary.port, port=self.port) + DOCUMENTED)

    def start(self):
        with (self.folder / "log").open("a") as log:
            command = [self.program, self.folder / "ini"]
            self.process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **RUN_AS)
        eventually(lambda: not is_free(self.port))

    def pids(self):
        return [self.process.pid]

    def is_running(self):
        return self.process.poll() is None

    def reload(self):
        self.process.send_signal(signal.SIGHUP)  # the same as RELOAD in its console

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # as Debian's unit does: it lets transactions finish
        try:
            self.process.wait(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self):
        self.stop()
        self.start()
