"""One `migrate` at a time: two at once would both create the same tables, and one of them would fail."""

import os
import sqlite3
import time
from contextlib import closing, contextmanager

from django.core.management import CommandError

from .sqlite.base import create_private

# An advisory lock of PostgreSQL is a number: "migrate" in ASCII.
LOCK = int.from_bytes(b"migrate", "big")
# The transaction that holds the lock is idle until the end: these would abort it.
NO_LIMITS = """
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
"""
WAIT, PAUSE = 600, 0.2  # seconds


@contextmanager
def migration_lock(connection, report):
    """Run a block while no other process does so on the same database. Report a wait; raise CommandError after WAIT."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        yield  # no other process can open it
        return
    connect, try_lock = ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL
    with closing(connect(connection)) as lock:
        acquire(lambda: try_lock(lock), report)
        yield


def acquire(try_lock, report):
    # Polls, because a waiting statement has a snapshot, for which CREATE INDEX CONCURRENTLY in the other would wait.
    deadline, waiting = time.monotonic() + WAIT, False
    while not try_lock():
        if time.monotonic() > deadline:
            raise CommandError(f"Another migrate is still running after {WAIT // 60} minutes. Nothing was changed.")
        if not waiting:
            report("Another migrate is running. Waiting until it is done.")
        waiting = True
        time.sleep(PAUSE)


def connect_postgresql(connection):
    """Return a connection in a transaction, which keeps its lock behind PgBouncer, too."""
    lock = connection.copy()
    lock.set_autocommit(False)
    with lock.cursor() as cursor:
        cursor.execute(NO_LIMITS)
    return lock


def try_postgresql(lock):
    with lock.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def connect_sqlite(connection):
    """Return a connection to an empty database beside the real one. The system releases its lock if a process dies."""
    path = f"{os.path.realpath(connection.settings_dict['NAME'])}-migrate"
    create_private(path)
    # SQLite would also open a file of another user that can only be read, and then lock nothing.
    if not os.access(path, os.W_OK):
        raise CommandError(f"{path} cannot be written: migrate needs it as a lock.")
    return sqlite3.connect(path, isolation_level=None, timeout=0)


def try_sqlite(lock):
    try:
        return lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return None


ON_POSTGRESQL = connect_postgresql, try_postgresql
ON_SQLITE = connect_sqlite, try_sqlite
