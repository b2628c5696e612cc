from importlib import import_module

import pytest
from django.db.migrations.loader import MigrationLoader

MIGRATIONS = MigrationLoader(None).disk_migrations
OWN = sorted(key for key in MIGRATIONS if key[0] in ("accounts", "products", "orders", "feeds"))


@pytest.mark.parametrize(("app", "name"), OWN)
def test_every_migration_documents_its_locks(app, name):
    assert import_module(MIGRATIONS[app, name].__module__).__doc__.startswith("Locks ")
