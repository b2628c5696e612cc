"""Locks orders_orderevent for a moment, to add a nullable column: no row is read or written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_line_returned"),
    ]

    operations = [
        migrations.AddField("OrderEvent", "action", models.CharField(max_length=7, null=True)),
    ]
