"""Backups of the database: files that a command writes, checks and restores."""

from django.db import connection

from . import postgres, sqlite


def get_backend():
    """Return the module for the default database; both modules have the same functions."""
    return {"sqlite": sqlite, "postgresql": postgres}[connection.vendor]
