"""Locks nothing: the table is new."""

from django.db import migrations, models

import order_management.feeds.models


def begin_epoch(apps, schema_editor):
    apps.get_model("feeds", "FeedEpoch").objects.create()


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FeedEpoch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(default=order_management.feeds.models.random_epoch)),
            ],
        ),
        migrations.RunPython(begin_epoch, migrations.RunPython.noop),
    ]
