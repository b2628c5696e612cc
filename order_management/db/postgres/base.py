import selectors
from math import inf
from time import monotonic

from django.db.backends.postgresql import base

PAUSE = 1  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend for PostgreSQL, which asks the server at most once a second whether a connection still works.

    Django asks before each request. In between, a look at its socket shows whether the server has ended it.
    """

    checked_at = -inf

    def is_usable(self):
        is_recent = not self.errors_occurred and monotonic() - self.checked_at < PAUSE
        if is_recent and not self.connection.closed and not self.has_input():
            return True
        self.checked_at = monotonic()
        return super().is_usable()

    def has_input(self):
        """Return whether the server has sent something unasked, such as the end of the connection."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            return bool(selector.select(timeout=0))
