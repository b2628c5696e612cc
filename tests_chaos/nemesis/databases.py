"""A failover, and transactions that are left open."""

import contextlib
import sqlite3
import time
from dataclasses import dataclass

import psycopg

from tests_live.server import eventually

from .fault import Fault

ERRORS = psycopg.Error, sqlite3.Error


@dataclass
class Promote(Fault):
    """Kill the primary and promote the replica; then make the old primary its replica: see docs/operations.md.

    The primary is killed only when the replica has everything. A transaction that was waiting for the replica when
    PostgreSQL crashed is visible on the primary before the replica has it: a promotion at that moment may lose it.
    """

    seconds: float  # until somebody notices that the primary is dead
    target, verb, is_kill = "replica", "promote", True
    promoted = False

    @property
    def claims(self):
        return {"databases"}

    def inject(self, shop):
        eventually(lambda: shop.replica.is_caught_up_with(shop.primary))
        shop.primary.kill()
        time.sleep(self.seconds)
        self.promoted = True  # whatever comes next, the old primary must not come back as one
        shop.fail_over()

    def heal(self, shop):
        if self.promoted:
            shop.replica.follow_anew(shop.primary)
        else:
            shop.primary.revive()


class OpenTransaction(Fault):
    """A transaction that somebody has left open."""

    verb, heals_last = "leave open", True
    connection = None

    @property
    def claims(self):
        return {"tables"}

    def inject(self, shop):
        with contextlib.suppress(*ERRORS):  # another fault may have taken the database away
            self.connection = shop.connect()
            self.begin()

    def heal(self, shop):
        if self.connection:
            with contextlib.suppress(*ERRORS):  # the database may have been killed
                self.connection.execute("ROLLBACK")
            self.connection.close()


@dataclass
class LockProduct(OpenTransaction):
    """One that holds the lock of a product."""

    number: int
    target = "product lock"

    def begin(self):
        self.connection.execute("BEGIN")
        products = "SELECT FROM products_product WHERE deleted_at IS NULL"
        self.connection.execute(f"{products} ORDER BY id OFFSET {self.number} LIMIT 1 FOR UPDATE")


@dataclass
class HoldTransactionId(OpenTransaction):
    """One that has written something, which delays the feeds."""

    target = "transaction"

    def begin(self):
        self.connection.execute("BEGIN")
        self.connection.execute("SELECT pg_current_xact_id()")


@dataclass
class HoldWriteLock(OpenTransaction):
    """One that keeps everybody else from writing to SQLite."""

    target = "write transaction"

    def begin(self):
        self.connection.execute("BEGIN IMMEDIATE")
