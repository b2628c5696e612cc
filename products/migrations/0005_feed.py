"""Locks nothing on PostgreSQL; on SQLite, writes wait while it reads products_stockmovement.

On PostgreSQL, building the index waits for transactions that are running. If it is interrupted, drop the invalid index
(`DROP INDEX stock_feed`) and run it again.
"""

from django.db import migrations, models

from order_management.feeds.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("products", "0004_position"),
    ]

    operations = [
        AddIndexConcurrently("StockMovement", models.Index(fields=["position", "id"], name="stock_feed")),
    ]
