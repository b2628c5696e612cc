import os
import sqlite3
import time
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from django.db.backends.sqlite3 import base, operations
from django.db.models.expressions import Col

PAUSE = 0.001  # seconds
CENT = Decimal("0.01")


# Prices recur, and callers read the same orders again and again.
@lru_cache(maxsize=10_000)
def read_datetime(stored):
    """Return a datetime in UTC."""
    try:
        value = datetime.fromisoformat((stored + b"+00:00").decode())
    except ValueError:  # written with its time zone, by another program
        value = datetime.fromisoformat(stored.decode()).astimezone(UTC)
    # A day has no time zone, because `+` then counts as the separator before a time.
    return value if value.tzinfo else value.replace(tzinfo=UTC)


@lru_cache(maxsize=10_000)
def read_decimal(stored):
    """Return a Decimal with two places. It is exact: SQLite writes out the 15 digits that its numbers can hold."""
    return Decimal(stored.decode()).quantize(CENT)


# For columns of these types, on every connection of this process. Django converts the values later, more slowly.
sqlite3.register_converter("datetime", read_datetime)
sqlite3.register_converter("decimal", read_decimal)


class DatabaseOperations(operations.DatabaseOperations):
    def get_db_converters(self, expression):
        # The driver has converted the values of a column.
        field = expression.output_field.get_internal_type()
        is_converted = isinstance(expression, Col) and field in ("DateTimeField", "DecimalField")
        return [] if is_converted else super().get_db_converters(expression)

    def get_decimalfield_converter(self, expression):
        convert = super().get_decimalfield_converter(expression)

        def converter(value, expression, connection):
            # A subquery that returns a column is converted as well.
            return value if isinstance(value, Decimal) else convert(value, expression, connection)

        return converter


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query, *, param_names=None):
        return to_qmark(query) if param_names is None else super().convert_query(query, param_names=param_names)


# Most calls execute the same few statements.
@lru_cache(maxsize=1000)
def to_qmark(query):
    """Return a statement with `?` for each `%s`."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


def create_private(path):
    """Create a missing database that only its owner can read. SQLite gives the same mode to the files beside it."""
    # An existing file is not opened: closing it would release the locks that SQLite holds on it in this process.
    with suppress(OSError):  # it exists, or SQLite gives the reason
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend for SQLite, where a transaction that waits for another one checks every millisecond.

    SQLite itself sleeps for up to 100 ms between checks, while others get in first. This shortens the wait of the
    slowest of eight concurrent buyers (p99) to between a third and a tenth: `make contention`.
    """

    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params):
        name = str(conn_params["database"])
        if not self.is_in_memory_db() and not name.startswith("file:"):
            create_private(os.path.realpath(name))
        return super().get_new_connection(conn_params)

    def create_cursor(self, name=None):
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self):
        wait = self.settings_dict["OPTIONS"].get("timeout", 5)  # seconds; the driver's default
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            with self.wrap_database_errors:
                self.begin(deadline=time.monotonic() + wait)
        finally:
            # For statements that write outside a transaction.
            self.connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")

    def begin(self, deadline):
        while True:
            try:
                return self.connection.execute(f"BEGIN {self.transaction_mode}")
            except sqlite3.OperationalError as error:
                # The low byte; the others say why it is busy.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE)
