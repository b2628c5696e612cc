"""Locks nothing on PostgreSQL; on SQLite, writes wait while it reads orders_order.

On PostgreSQL, building the index waits for transactions that are running. If it is interrupted, drop the invalid index
(`DROP INDEX partly_returned`) and run it again.
"""

from django.db import migrations, models

from order_management.feeds.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("orders", "0009_returned_item"),
    ]

    operations = [
        AddIndexConcurrently(
            "Order",
            models.Index(fields=["created_at", "id"], name="partly_returned", condition=models.Q(partly_returned=True)),
        ),
    ]
