import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache

from django.db.backends.sqlite3 import base, operations
from django.db.models.expressions import Col

PAUSE = 0.001  # seconds


# Callers read the same orders again and again.
@lru_cache(maxsize=10_000)
def read_datetime(stored):
    """Return a datetime in UTC. Django's own converter leaves out the time zone, and adds it later, more slowly."""
    try:
        value = datetime.fromisoformat((stored + b"+00:00").decode())
    except ValueError:  # written with its time zone, by another program
        value = datetime.fromisoformat(stored.decode()).astimezone(UTC)
    # A day has no time zone, because `+` then counts as the separator before a time.
    return value if value.tzinfo else value.replace(tzinfo=UTC)


# For every connection of this process, in place of Django's.
sqlite3.register_converter("datetime", read_datetime)


@cache
def decimals(places):
    """Return a function from a stored number, or None, to a Decimal with this many places.

    It is exact: the columns have fewer than the 15 digits that a float can hold. Prices recur, so results are kept.
    """
    scale, unit = 10**places, Decimal(1).scaleb(-places)
    return lru_cache(maxsize=10_000)(lambda value: None if value is None else Decimal(round(value * scale)) * unit)


class DatabaseOperations(operations.DatabaseOperations):
    def get_db_converters(self, expression):
        # Times in a column are converted by the driver: see read_datetime().
        is_time = isinstance(expression, Col) and expression.output_field.get_internal_type() == "DateTimeField"
        return [] if is_time else super().get_db_converters(expression)

    def get_decimalfield_converter(self, expression):
        """Return Django's converter, or for a column a faster one: SQLite stores decimals as floating-point numbers."""
        if not isinstance(expression, Col):
            return super().get_decimalfield_converter(expression)
        decimal = decimals(expression.output_field.decimal_places)
        return lambda value, expression, connection: decimal(value)


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query, *, param_names=None):
        return to_qmark(query) if param_names is None else super().convert_query(query, param_names=param_names)


# Most calls execute the same few statements.
@lru_cache(maxsize=1000)
def to_qmark(query):
    """Return a statement with `?` for each `%s`."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend for SQLite, where a transaction that waits for another one checks every millisecond.

    SQLite itself sleeps for up to 100 ms between checks, while others get in first. This shortens the wait of the
    slowest of eight concurrent buyers (p99) to between a third and a tenth: `make contention`.
    """

    ops_class = DatabaseOperations

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
