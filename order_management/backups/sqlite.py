"""Backups of SQLite: the file is a database itself."""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection

from .command import connected_to
from .files import new_file

PAGES = 1000  # a few milliseconds


def prepare(verify):
    """Raise CommandError if there is nothing to back up."""
    if not connection.is_in_memory_db() and not get_path().is_file():
        raise CommandError(f"There is no database {get_path()}.")


def dump(file):
    """Write a copy of the database as it is now. Nobody waits for it, because readers do not block a writer."""
    connection.ensure_connection()
    source = connection.connection
    # All pages come from the snapshot of this transaction. Without it, each write by another process would restart it.
    source.execute("BEGIN DEFERRED")
    try:
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        copy(source, file)
    finally:
        source.rollback()


def copy(source, file):
    """Copy a database into an empty file."""
    with closing(sqlite3.connect(file)) as target:
        # Signals are handled when Python code runs: here, between two steps.
        source.backup(target, pages=PAGES, progress=lambda status, remaining, total: None)
        # One file is enough then, and it can be read where nothing can be written.
        target.execute("PRAGMA journal_mode = DELETE")


def check(file):
    """Raise CommandError if a backup is damaged."""
    with reading(file) as database:
        check_integrity(file, database, "quick_check")


def check_integrity(file, database, pragma):
    verdict = database.execute(f"PRAGMA {pragma}(1)").fetchone()[0]
    if verdict != "ok":
        raise CommandError(f"{file} is damaged: {' '.join(verdict.split())}.")


@contextmanager
def reading(file):
    with closing(sqlite3.connect(get_uri(file), uri=True)) as database:
        try:
            yield database
        except sqlite3.OperationalError:  # not because of its contents
            raise
        except sqlite3.DatabaseError as error:
            raise CommandError(f"{file} is damaged: {error}.") from error


def get_tables(file):
    with reading(file) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def get_migrations(file):
    """Return the migrations that a backup contains, as pairs of app and name."""
    if "django_migrations" not in get_tables(file):
        return set()
    with reading(file) as database:
        return set(database.execute("SELECT app, name FROM django_migrations"))


@contextmanager
def restored(file):
    """Point the default connection to the backup itself, for reading only."""
    with reading(file) as database:
        check_integrity(file, database, "integrity_check")  # reads the indexes, too
    with connected_to(get_uri(file), init_command=""):
        yield


def check_empty():
    """Raise CommandError unless a backup can be restored to where the database belongs."""
    if connection.is_in_memory_db():
        raise CommandError("DATABASE_URL must name a file to restore to.")
    path = get_path()
    if path.exists() and get_tables(path):
        raise CommandError(
            f"{path} is not empty. Stop the server, and move that file away, together with its -wal and -shm files."
        )
    if log := next((log for log in get_logs(path) if log.exists() and log.stat().st_size), None):
        raise CommandError(f"{log} belongs to another database. Move it away first.")


@contextmanager
def loaded(file):
    """Point the default connection to a copy of the backup, which becomes the database at the end."""
    path = get_path()
    for empty in [path, *get_logs(path)]:
        empty.unlink(missing_ok=True)
    with new_file(path) as temporary:
        with reading(file) as source:
            copy(source, temporary)
        # Without a write-ahead log: on a full disk, closing the connection would leave changes in it, without an error.
        with connected_to(temporary, init_command=""):
            yield


def get_path():
    return Path(connection.settings_dict["NAME"]).resolve()


def get_logs(path):
    return [Path(f"{path}{suffix}") for suffix in ("-wal", "-shm", "-journal")]


def get_uri(file):
    """Return a URI that opens a database for reading only."""
    return f"{file.resolve().as_uri()}?mode=ro"
