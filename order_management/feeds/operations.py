"""Migration operations that give the rows of a table a position while the shop is running."""

from django.contrib.postgres import operations as postgres
from django.db import migrations, models

from .models import NextPosition


def add_position(model):
    """Return the operations that add the column. Existing rows get 0 without being read or written."""
    field = {"editable": False, "null": True}
    return [
        migrations.AddField(model, "position", models.BigIntegerField(db_default=models.Value(0), **field)),
        # In a second step, because PostgreSQL would compute this default for every existing row.
        SetDefault(model, "position", models.BigIntegerField(db_default=NextPosition(), **field)),
    ]


class SetDefault(migrations.AlterField):
    """Sets the default on PostgreSQL. On SQLite it stays 0, and the table is not copied."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddIndexConcurrently(postgres.AddIndexConcurrently):
    """Adds an index without locking the table against writes on PostgreSQL, and as usual on SQLite."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        self.for_database(schema_editor).database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        self.for_database(schema_editor).database_backwards(app_label, schema_editor, from_state, to_state)

    def for_database(self, schema_editor):
        on_postgres = schema_editor.connection.vendor == "postgresql"
        return super() if on_postgres else super(postgres.AddIndexConcurrently, self)
