"""One import at a time: two files with the same new ids, in a different order, would deadlock."""

import sqlite3
import time
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, connection, transaction

from order_management.exceptions import Conflict

from .models import Product

TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s::regclass::oid::bigint)"
# How long an import waits for another one on PostgreSQL. On SQLite it waits as long as any other writer.
WAIT, PAUSE = 10, 0.1  # seconds


class ImportConflict(Conflict):
    """Nothing was imported, although the file is fine."""


class IdTaken(ImportConflict):
    detail = "Someone else has just created a product with an id from this file. Nothing was imported. Try again."


class ImportRunning(ImportConflict):
    detail = "Another import is running. Try again when it is done."


@contextmanager
def import_lock():
    """Run a block in a transaction while no other import runs. Raise ImportRunning, or IdTaken."""
    try:
        with transaction.atomic():
            acquire_lock()
            yield
    except IntegrityError as error:
        raise IdTaken from error
    except OperationalError as error:
        if is_busy(error):
            raise ImportRunning from error
        raise


def acquire_lock():
    """Lock out other imports until the transaction ends. On SQLite, beginning it has already done so."""
    deadline = time.monotonic() + WAIT
    # Polls instead of waiting for the lock, because the server's lock_timeout differs from place to place.
    while connection.vendor == "postgresql" and not try_lock():
        if time.monotonic() > deadline:
            raise ImportRunning
        time.sleep(PAUSE)


def try_lock():
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [Product._meta.db_table])
        return cursor.fetchone()[0]


def is_busy(error):
    """Return whether SQLite gave up waiting for another writer."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
