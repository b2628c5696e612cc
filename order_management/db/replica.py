"""Lists and reports are read from a replica, if there is one (DATABASE_REPLICA_URL), and all else from the primary."""

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, ProgrammingError

from .errors import sqlstate

logger = logging.getLogger(__name__)

REPLICA = "replica"
TIME_LIMIT = "57014"  # PostgreSQL's code for a statement that ran into it
# For so long a replica that was away is left alone.
REST = 10  # seconds

# Where to read now.
source = ContextVar("source", default=DEFAULT_DB_ALIAS)


class Router:
    """Tells Django where to read and to write (DATABASE_ROUTERS)."""

    def db_for_read(self, model, **hints):
        return source.get()

    def db_for_write(self, model, **hints):
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, database, *args, **hints):
        return database == DEFAULT_DB_ALIAS


class Presence:
    """Whether the replica is there, as far as this process knows."""

    try_again_at = None

    def is_worth_a_try(self):
        if self.try_again_at is None:
            return True
        if time.monotonic() < self.try_again_at:
            return False
        # One tries, the others wait for what comes of it.
        self.note_away()
        return True

    def note_away(self):
        self.try_again_at = time.monotonic() + REST

    def note_there(self):
        self.try_again_at = None


presence = Presence()


def from_replica(read):
    """Let a function read from the replica; without one, or while it is away, from the primary."""
    if REPLICA not in settings.DATABASES:
        return read

    @wraps(read)
    def reading(*args, **kwargs):
        if presence.is_worth_a_try():
            try:
                with reading_from(REPLICA):
                    answer = read(*args, **kwargs)
            # The last one: it lacks a migration that the primary has.
            except (OperationalError, InterfaceError, ProgrammingError) as error:
                # What takes too long here would do so on the primary.
                if sqlstate(error) == TIME_LIMIT:
                    raise
                presence.note_away()
                logger.warning("The replica is not available: the primary is read.", exc_info=error)
            except Exception:  # what the caller has done wrong
                presence.note_there()
                raise
            else:
                presence.note_there()
                return answer
        return read(*args, **kwargs)

    return reading


@contextmanager
def reading_from(alias):
    token = source.set(alias)
    try:
        yield
    finally:
        source.reset(token)
