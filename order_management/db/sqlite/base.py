import sqlite3
import time

from django.db.backends.sqlite3 import base

PAUSE = 0.001  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend for SQLite, where a transaction that waits for another looks again every millisecond.

    SQLite itself sleeps longer from look to look, up to 100 ms, while others get in before it. Of eight buyers at once
    the slowest hundredth waits a third to a tenth as long this way: `make contention`.
    """

    def _start_transaction_under_autocommit(self):
        wait = self.settings_dict["OPTIONS"].get("timeout", 5)  # seconds; the driver's default
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            with self.wrap_database_errors:
                self.begin(deadline=time.monotonic() + wait)
        finally:
            # For what writes without a transaction around it.
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
