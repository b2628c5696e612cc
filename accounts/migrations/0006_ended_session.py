"""Locks nothing that is in use: the table is new."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_session_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndedSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session", models.CharField(max_length=32, unique=True)),
                ("expires_at", models.DateTimeField()),
            ],
        ),
    ]
