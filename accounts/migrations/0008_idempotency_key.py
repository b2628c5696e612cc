"""Locks orders_idempotencykey for a moment, to add nullable columns: no row is read or written.

The table stays where it is, under its name, so that nodes of the previous version go on using it.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_old_hashes"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=255)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("response", models.TextField()),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "db_table": "orders_idempotencykey",
                        "constraints": [models.UniqueConstraint(fields=("user", "key"), name="key_once_per_user")],
                    },
                ),
            ]
        ),
        migrations.AddField("IdempotencyKey", "request", models.TextField(null=True)),
        migrations.AddField("IdempotencyKey", "status", models.SmallIntegerField(null=True)),
        migrations.AddField("IdempotencyKey", "headers", models.JSONField(null=True)),
    ]
