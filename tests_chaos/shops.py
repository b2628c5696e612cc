"""Shops to break: one server on SQLite, or two nodes behind nginx on PostgreSQL with a synchronous replica."""

import contextlib
import sqlite3

import psycopg

from order_management.db.postgres import TIMEOUTS
from tests_live.databases import prepare
from tests_live.postgres import RUN_AS, new_folder
from tests_live.server import ROOT, WAIT

from .disks import folder_or_disk
from .nodes import database_url
from .servers import Link, Nginx, PgBouncer, Postgres
from .shop import Shop

POSTGRES, SQLITE = "postgres", "sqlite"
CREATE = "CREATE ROLE shop LOGIN CREATEDB", "CREATE DATABASE shop OWNER shop"
NO_LIMITS = "-c%20statement_timeout%3D0%20-c%20lock_timeout%3D0%20-c%20idle_in_transaction_session_timeout%3D0"


@contextlib.contextmanager
def open_shop(database, folder, pgbouncer=False):
    """Start a shop in the folder; whatever happens to it, nothing of it is left at the end."""
    folder.chmod(0o755)  # PostgreSQL may run as another user
    shop = SQLiteShop(folder) if database == SQLITE else PostgresShop(folder, pgbouncer=pgbouncer)
    with contextlib.ExitStack() as stack:
        shop.open(stack)
        stack.callback(shop.release)
        yield shop


class SQLiteShop(Shop):
    """One server with two workers."""

    def open(self, stack):
        folder = self.folder / "database"
        self.disk = stack.enter_context(folder_or_disk(folder))
        self.file = folder / "db.sqlite3"
        self.url = f"sqlite:///{self.file}"
        prepare(self.url)
        node = self.new_node(stack, 1, DATABASE_URL=self.url, TRUSTED_PROXIES="0")
        self.nodes, self.front = [node], node.front
        self.hops = {"client and server": [self.front]}
        stack.enter_context(node)

    @property
    def disks(self):
        return super().disks | {"database": self.disk}

    def connect(self):
        """Return a separate connection to the database, in autocommit mode."""
        return sqlite3.connect(self.file, timeout=WAIT, isolation_level=None, check_same_thread=False)


class PostgresShop(Shop):
    """Two nodes, each of which finds the writable one of two databases; with PgBouncer, they know only its address."""

    def __init__(self, folder, *, pgbouncer):
        super().__init__(folder)
        self.pgbouncer = PgBouncer(new_folder(folder, "pgbouncer")) if pgbouncer else None

    def open(self, stack):
        self.open_databases(stack)
        self.nodes = [self.new_node(stack, number) for number in (1, 2)]
        for node in self.nodes:
            node.use(*self.database_ports())
            if self.pgbouncer:
                node.environment["PGBOUNCER"] = "on"
            stack.enter_context(node)
        self.open_nginx(stack)
        for node in self.nodes:
            self.hops[f"nginx and node {node.number}"] = [node.front]
            self.hops[f"node {node.number} and database"] = node.links

    def open_databases(self, stack):
        databases = [self.new_database(stack, number) for number in (1, 2)]
        self.primary, self.replica = databases
        self.ports = [database.port for database in databases]
        self.primary.create()
        for statement in CREATE:
            self.primary.query(statement)
        prepare(self.url)
        self.replica.follow_anew(self.primary)
        self.hops["primary and replica"] = [database.link for database in databases]
        if self.pgbouncer:
            self.open_pgbouncer(stack)

    def new_database(self, stack, number):
        folder = new_folder(self.folder, f"postgres_{number}")
        disk = stack.enter_context(folder_or_disk(folder / "data", RUN_AS.get("user")))
        database = Postgres(folder, disk)
        stack.callback(database.link.cut)
        stack.callback(database.destroy)
        return database

    def open_pgbouncer(self, stack):
        # PgBouncer refuses them as startup parameters: see docs/operations.md.
        for name, value in TIMEOUTS.items():
            self.primary.query(f"ALTER ROLE shop SET {name} = '{value}'")
        self.pgbouncer.use(self.primary)
        self.pgbouncer.start()
        stack.callback(self.pgbouncer.stop)

    def database_ports(self):
        return [self.pgbouncer.port] if self.pgbouncer else self.ports

    def open_nginx(self, stack):
        folder = self.folder / "nginx"
        folder.mkdir()
        self.nginx = stack.enter_context(Nginx(folder, [node.front for node in self.nodes], ROOT))
        self.front = Link(self.nginx.port)
        self.front.restore()
        stack.callback(self.front.cut)
        self.hops["client and nginx"] = [self.front]

    @property
    def servers(self):
        """All servers by their roles, which the databases exchange."""
        others = {"primary": self.primary, "replica": self.replica, "nginx": self.nginx, "pgbouncer": self.pgbouncer}
        return {name: server for name, server in others.items() if server} | super().servers

    @property
    def url(self):
        limits = f"&options={NO_LIMITS}" if self.pgbouncer else ""
        return database_url(*self.ports) + limits

    def connect(self):
        """Return a separate connection to the database, in autocommit mode."""
        return psycopg.connect(
            f"{self.primary.url.removesuffix('postgres')}shop", autocommit=True, connect_timeout=WAIT
        )

    def fail_over(self):
        """Promote the replica. The nodes find it, PgBouncer is told. The old primary must not come back."""
        self.replica.configure(synchronous_standby_names="")
        self.replica.promote()
        self.primary, self.replica = self.replica, self.primary
        if self.pgbouncer:
            self.pgbouncer.use(self.primary)
            self.pgbouncer.reload()

    def log_files(self):
        databases = [database.folder / "log" for database in (self.primary, self.replica)]
        pgbouncer = [self.pgbouncer.folder / "log"] if self.pgbouncer else []
        return [*super().log_files(), self.folder / "nginx/error.log", *databases, *pgbouncer]

    def is_ready(self):
        with contextlib.suppress(psycopg.Error):
            return self.primary.has_synchronous_replica() and super().is_ready()
        return False
