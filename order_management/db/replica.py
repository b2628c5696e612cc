"""Lists and reports are read from a replica (DATABASE_REPLICA_URL), everything else from the primary."""

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
QUERY_CANCELED = "57014"  # PostgreSQL's code for a statement that exceeded statement_timeout
# How long to avoid a replica after it failed.
RETRY_AFTER = 10  # seconds

# The alias of the database to read from, in this context.
source = ContextVar("source", default=DEFAULT_DB_ALIAS)


class Router:
    """Tells Django which database to use (DATABASE_ROUTERS)."""

    def db_for_read(self, model, **hints):
        return source.get()

    def db_for_write(self, model, **hints):
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, database, *args, **hints):
        return database == DEFAULT_DB_ALIAS


class CircuitBreaker:
    """Avoids the replica for a while after it failed, in this process."""

    retry_at = None

    def allows_request(self):
        if self.retry_at is None:
            return True
        if time.monotonic() < self.retry_at:
            return False
        # One request tries the replica; until it succeeds, the others read from the primary.
        self.record_failure()
        return True

    def record_failure(self):
        self.retry_at = time.monotonic() + RETRY_AFTER

    def record_success(self):
        self.retry_at = None


breaker = CircuitBreaker()


def from_replica(read):
    """Let a function read from the replica; without one, or while it is unavailable, from the primary."""
    if REPLICA not in settings.DATABASES:
        return read

    @wraps(read)
    def reading(*args, **kwargs):
        if breaker.allows_request():
            try:
                with reading_from(REPLICA):
                    result = read(*args, **kwargs)
            # ProgrammingError: the replica is missing a migration.
            except (OperationalError, InterfaceError, ProgrammingError) as error:
                # A query that is too slow here would be too slow on the primary.
                if sqlstate(error) == QUERY_CANCELED:
                    raise
                breaker.record_failure()
                logger.warning("The replica is not available: the primary is read.", exc_info=error)
            except Exception:  # an error of the caller's, such as an invalid filter
                breaker.record_success()
                raise
            else:
                breaker.record_success()
                return result
        return read(*args, **kwargs)

    return reading


@contextmanager
def reading_from(alias):
    token = source.set(alias)
    try:
        yield
    finally:
        source.reset(token)
