"""Locks products_stockmovement for a moment, to add a nullable column and set its default: no row is read or written."""

from django.db import migrations

from order_management.feeds.operations import add_position


class Migration(migrations.Migration):
    dependencies = [
        ("products", "0003_imports"),
    ]

    operations = add_position("StockMovement")
