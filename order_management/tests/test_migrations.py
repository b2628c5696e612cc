from importlib import import_module

import pytest
from django.db.migrations.loader import MigrationLoader

OWN = sorted(key for key in MigrationLoader(None).disk_migrations if key[0] in ("accounts", "products", "orders"))


@pytest.mark.parametrize(("app", "name"), OWN)
def test_every_migration_documents_its_locks(app, name):
    assert import_module(f"{app}.migrations.{name}").__doc__.startswith("Locks ")
