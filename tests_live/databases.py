"""Databases for the servers: copies of a migrated one with an Admin, so that starting a server is fast."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from .postgres import run
from .server import ADMIN, PASSWORD, ROOT, manage

CLUSTER = os.environ.get("DATABASE_URL", "")
ON_POSTGRES = CLUSTER.startswith("postgres")


# What a migrated database with an Admin depends on.
SOURCES = [
    *["*/migrations/*.py", "*/*/migrations/*.py", "order_management/feeds/*.py", "order_management/settings.py"],
    *["accounts/models/*.py", "accounts/hashers.py", "requirements.txt"],
    *["tests_live/databases.py", "tests_live/server.py"],
]


def digest():
    """Return a name for the contents of a migrated database with an Admin."""
    files = sorted(file.relative_to(ROOT) for pattern in SOURCES for file in ROOT.glob(pattern))
    return hashlib.sha256(b"".join(bytes(file) + (ROOT / file).read_bytes() for file in files)).hexdigest()[:16]


@contextlib.contextmanager
def written_whole(file):
    """Yield the path of a new file, and rename it to `file` at the end: others see it whole or not at all."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    yield new
    new.replace(file)


def prepare(url, project=ROOT):
    manage("migrate", "--verbosity", "0", project=project, DATABASE_URL=url)
    account = {"DJANGO_SUPERUSER_USERNAME": ADMIN, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    manage("createsuperuser", "--noinput", project=project, DATABASE_URL=url, DJANGO_SUPERUSER_EMAIL="", **account)


class SQLite:
    """Files in one folder. The one they are copied from stays in `cache` for the next runs."""

    def __init__(self, folder, cache):
        self.folder, self.original = folder, cache / f"{digest()}.sqlite3"
        self.made = 0
        if not self.original.exists():
            prepare(self.url("original"))
            with written_whole(self.original) as new:
                shutil.copy(folder / "original.sqlite3", new)

    def url(self, name):
        return f"sqlite:///{self.folder}/{name}.sqlite3"

    def new(self):
        self.made += 1
        name = f"copy-{self.made}"
        shutil.copy(self.original, self.folder / f"{name}.sqlite3")
        return self.url(name)

    def empty(self):
        self.made += 1
        return self.url(f"empty-{self.made}")

    def drop_all(self):
        """Do nothing: pytest removes the folder."""


class Postgres:
    """Databases in the cluster of DATABASE_URL. A dump of the one they are copied from stays in `cache`."""

    def __init__(self, cache):
        self.made, dump = [], cache / f"{digest()}.dump"
        original = self.create("template1")
        if dump.exists():
            run_program("pg_restore", "--no-owner", f"--dbname={original}", dump)
        else:
            prepare(original)
            with written_whole(dump) as new:
                run_program("pg_dump", "--format=custom", f"--file={new}", original)

    def create(self, template):
        name = f"live_{os.getpid()}_{len(self.made)}"
        execute(CLUSTER, "CREATE DATABASE {} TEMPLATE {}", name, template)
        self.made.append(name)
        return urlsplit(CLUSTER)._replace(path=f"/{name}").geturl()

    def new(self):
        return self.create(self.made[0])

    def empty(self):
        return self.create("template0")

    def drop_all(self):
        for name in self.made:
            execute(CLUSTER, "DROP DATABASE {} WITH (FORCE)", name)


def run_program(*command):
    subprocess.run(command, check=True, timeout=60)


def name_of(url):
    return urlsplit(url).path[1:]


def execute(url, statement, *names):
    """Run a statement in autocommit mode; on SQLite it may be several."""
    if not ON_POSTGRES:
        with contextlib.closing(sqlite3.connect(name_of(url), isolation_level=None)) as connection:
            connection.executescript(statement)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def terminate_sessions(url):
    """Terminate all sessions of the PostgreSQL database, as a restart does."""
    with psycopg.connect(CLUSTER, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name_of(url)]
        )


@contextlib.contextmanager
def unavailable(url):
    """Let a PostgreSQL database refuse connections."""
    execute(CLUSTER, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name_of(url))
    try:
        terminate_sessions(url)
        yield
    finally:
        execute(CLUSTER, "ALTER DATABASE {} ALLOW_CONNECTIONS true", name_of(url))


@contextlib.contextmanager
def locked(url):
    """Hold the write lock of an SQLite database."""
    with contextlib.closing(sqlite3.connect(name_of(url), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")  # with WAL this blocks only writers, without it readers too
        yield


@contextlib.contextmanager
def stopping_migrations(url):
    """Keep an empty database empty: a `migrate` waits where it creates its first table."""
    if ON_POSTGRES:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE django_migrations ()")
            yield
            connection.rollback()
    else:
        execute(url, "PRAGMA journal_mode = WAL")
        with locked(url):
            yield


# In the shared-memory file of an SQLite database (sqlite.org/walformat.html): the lock bytes for writing, checkpointing
# and recovery, and the size of the header together with its copy.
WAL_LOCKS, WAL_HEADERS = range(120, 123), 96


@contextlib.contextmanager
def recovering(url):
    """Hold the locks of an SQLite database as its first user does while recovering the log after a crash."""
    import fcntl  # not on Windows

    with open(f"{name_of(url)}-shm", "r+b", buffering=0) as memory:
        fcntl.lockf(memory, fcntl.LOCK_EX, len(WAL_LOCKS), WAL_LOCKS.start)
        memory.write(bytes(WAL_HEADERS))
        yield


@contextlib.contextmanager
def product_being_deleted(url, product_id):
    """Delete a product of a PostgreSQL database in a transaction that commits at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE products_product SET deleted_at = now() WHERE id = %s", [product_id])
        yield


@contextlib.contextmanager
def product_being_repriced(url, product_id, price):
    """Change the price of a product of a PostgreSQL database in a transaction that commits at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE products_product SET price = %s WHERE id = %s", [price, product_id])
        yield


@contextlib.contextmanager
def user_being_deleted(url, username):
    """Delete a user of a PostgreSQL database in a transaction that commits at the end."""
    user = "(SELECT id FROM accounts_user WHERE username = %(name)s)"
    with psycopg.connect(url) as connection:
        connection.execute(
            f"UPDATE token_blacklist_outstandingtoken SET user_id = NULL WHERE user_id = {user}",  # noqa: S608
            {"name": username},
        )
        connection.execute("DELETE FROM accounts_user WHERE username = %(name)s", {"name": username})
        yield


@contextlib.contextmanager
def user_being_changed(url, username):
    """Change a user of a PostgreSQL database in a transaction that commits at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE accounts_user SET first_name = 'New' WHERE username = %s", [username])
        yield


@contextlib.contextmanager
def user_being_locked_out(url, username):
    """Lock out a user of a PostgreSQL database in a transaction that commits at the end."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE accounts_user SET is_active = false WHERE username = %s", [username])
        yield


@contextlib.contextmanager
def orders_waiting_for_a_deletion(url, user_id, product_id):
    """Let orders of a product wait until the end, when a user is deleted and the orders continue."""
    deletion = [
        f"UPDATE token_blacklist_outstandingtoken SET user_id = NULL WHERE user_id = {user_id}",  # noqa: S608
        f"DELETE FROM accounts_user WHERE id = {user_id}",  # noqa: S608
    ]
    if ON_POSTGRES:
        connection = psycopg.connect(url)
        lock = f"SELECT FROM products_product WHERE id = {product_id} FOR UPDATE"
    else:
        connection, lock = sqlite3.connect(name_of(url), isolation_level=None), "BEGIN IMMEDIATE"
    with contextlib.closing(connection):
        connection.execute(lock)
        yield
        for statement in deletion:
            connection.execute(statement)
        connection.commit()


# A sequence keeps its value when a transaction is rolled back.
ABORT_COMMITS = """
CREATE FUNCTION abort_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('aborted_commits') <= 0 THEN RAISE serialization_failure; END IF;
    RETURN NULL;
END $$;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER abort_commit AFTER INSERT OR UPDATE ON %I '
            'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION abort_commit()', name);
    END LOOP;
END $$
"""


@contextlib.contextmanager
def aborting_commits(url, times):
    """Let a PostgreSQL database abort the next commits, this many of them."""
    execute(url, f"CREATE SEQUENCE aborted_commits MINVALUE -9 START {1 - times}")
    execute(url, ABORT_COMMITS)
    try:
        yield
    finally:
        execute(url, "DROP FUNCTION abort_commit CASCADE; DROP SEQUENCE aborted_commits")


@contextlib.contextmanager
def product_locks(url):
    """Yield a function that locks products of a PostgreSQL database, in a transaction that never loses a deadlock."""
    with psycopg.connect(url) as connection:
        connection.execute("SET deadlock_timeout = '1min'")
        yield lambda product: connection.execute("SELECT FROM products_product WHERE id = %s FOR UPDATE", [product])


def has_lock_wait(url):
    """Return whether a session of the PostgreSQL database is waiting for a lock."""
    return has_session(url, "wait_event_type = 'Lock'")


def has_idle_transaction(url):
    """Return whether a session of the PostgreSQL database is idle in a transaction."""
    return has_session(url, "state = 'idle in transaction'")


def has_advisory_lock(url):
    """Return whether a session of the PostgreSQL database holds an advisory lock."""
    return has_session(url, "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)")


def has_session(url, which):
    with psycopg.connect(CLUSTER, autocommit=True) as connection:
        sessions = f"SELECT FROM pg_stat_activity WHERE datname = %s AND {which}"
        return bool(connection.execute(sessions, [name_of(url)]).rowcount)


def count_sessions(url):
    """Return the number of other sessions of a PostgreSQL database, or None if it does not exist."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
        count = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        return connection.execute(count).fetchone()[0]


def count_deadlocks():
    """Return how many transactions the cluster has aborted because of a deadlock, according to its log."""
    return (Path(os.environ["PGDATA"]).parent / "log").read_text().count("deadlock detected") if ON_POSTGRES else 0


def restart_cluster(mode="fast"):
    """Restart PostgreSQL, which aborts everything in progress; `immediate` is a crash."""
    run("pg_ctl", "-D", os.environ["PGDATA"], "-m", mode, "-w", "restart")
