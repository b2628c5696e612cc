"""Locks nothing on PostgreSQL; on SQLite, writes wait while it reads orders_orderevent.

On PostgreSQL, building the index waits for transactions that are running. If it is interrupted, drop the invalid index
(`DROP INDEX order_feed`) and run it again.
"""

from django.db import migrations, models

from order_management.feeds.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("orders", "0003_position"),
    ]

    operations = [
        AddIndexConcurrently("OrderEvent", models.Index(fields=["position", "id"], name="order_feed")),
    ]
