import selectors
from math import inf
from time import monotonic

from django.db.backends.postgresql import base

PAUSE = 1  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL backend, but it asks the server at most once a second whether a connection still works.

    Django, with CONN_HEALTH_CHECKS, asks before each request. In between, the socket shows whether the server has
    closed the connection.
    """

    checked_at = -inf

    def is_usable(self):
        if self.is_trusted() and not self.has_input():
            return True
        self.checked_at = monotonic()
        return super().is_usable()

    def is_trusted(self):
        """Return whether the connection is open, and worked a moment ago. Errors and transactions call for a check."""
        is_open = self.connection is not None and not self.connection.closed
        return is_open and not (self.errors_occurred or self.in_atomic_block) and monotonic() - self.checked_at < PAUSE

    def has_input(self):
        """Return whether there is anything to read: an unsolicited message, or the end of the connection."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            return bool(selector.select(timeout=0))
