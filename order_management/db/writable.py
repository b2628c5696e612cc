"""Finds out whether the database accepts writes, without writing and without waiting for other writers."""

import os
import shutil

from django.db import connection

# A commit of SQLite needs some pages, and the log grows to 4 MB before it is written back to the database.
FREE_MIN = 1024 * 1024  # bytes


def is_writable():
    """Return whether the default database accepts writes; raise Error if it does not respond."""
    if connection.vendor == "postgresql":
        return is_read_write()
    return connection.is_in_memory_db() or is_file_writable(os.path.realpath(connection.settings_dict["NAME"]))


def is_read_write():
    """Return whether a transaction may write: not on a standby, nor with default_transaction_read_only."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return cursor.fetchone() == ("off",)


def is_file_writable(path):
    """Return whether SQLite can write its database and create files beside it, and the disk has room."""
    # Also False on a read-only file system, even for root.
    may_write = os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK | os.X_OK)
    return may_write and shutil.disk_usage(path).free >= FREE_MIN
