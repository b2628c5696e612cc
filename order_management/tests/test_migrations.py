from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.loader import MigrationLoader

from order_management.db import migration_lock

MIGRATIONS = MigrationLoader(None).disk_migrations
OWN = sorted(key for key in MIGRATIONS if key[0] in ("accounts", "products", "orders", "feeds"))


@pytest.mark.parametrize(("app", "name"), OWN)
def test_every_migration_documents_its_locks(app, name):
    assert import_module(MIGRATIONS[app, name].__module__).__doc__.startswith("Locks ")


def test_a_migrate_that_waits_too_long_for_another_one_stops_with_a_sentence(monkeypatch):
    monkeypatch.setattr(migration_lock, "WAIT", 0.3)
    reports = []

    with pytest.raises(CommandError, match=r"Another migrate is still running after .* Nothing was changed\."):
        migration_lock.acquire(lambda: False, reports.append)

    assert reports == ["Another migrate is running. Waiting until it is done."]


def test_a_migrate_that_cannot_lock_stops_with_a_sentence(database_file):
    lock = database_file.with_name("db.sqlite3-migrate")
    lock.symlink_to("nowhere/lock")  # cannot be written, even by root

    with pytest.raises(CommandError, match=f"{lock} cannot be written: migrate needs it as a lock."):
        call_command("migrate")
