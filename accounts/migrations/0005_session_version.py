"""Locks accounts_user for a moment, to add a nullable column: no row is read or written.

Existing users keep their token version, so nobody is logged out. The new defaults exist only in Python.
"""

from django.db import migrations, models

import accounts.models.versions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_form_token"),
    ]

    operations = [
        # Without a default, which would write the same number into all existing rows.
        migrations.AddField(
            model_name="user",
            name="session_version",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        # SQLite would copy the whole table for a default that the database never sees.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="user",
                    name="session_version",
                    field=models.PositiveIntegerField(
                        default=accounts.models.versions.random_version, editable=False, null=True
                    ),
                ),
                migrations.AlterField(
                    model_name="user",
                    name="token_version",
                    field=models.PositiveIntegerField(default=accounts.models.versions.random_version, editable=False),
                ),
            ]
        ),
    ]
