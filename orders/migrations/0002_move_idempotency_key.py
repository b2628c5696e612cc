"""Locks nothing: only Django's state changes, because the model is accounts.IdempotencyKey now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_idempotency_key"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("IdempotencyKey")]),
    ]
