"""Locks orders_orderevent for a moment, to add a nullable column and set its default: no row is read or written."""

from django.db import migrations

from order_management.feeds.operations import add_position


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0002_move_idempotency_key"),
    ]

    operations = add_position("OrderEvent")
