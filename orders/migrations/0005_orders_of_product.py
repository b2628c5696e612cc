"""Locks nothing on PostgreSQL; on SQLite, writes wait while it reads orders_orderline.

On PostgreSQL, building the index waits for transactions that are running. If it is interrupted, drop the invalid index
(`DROP INDEX orders_of_product`) and run it again.
"""

from django.db import migrations, models

from order_management.feeds.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("orders", "0004_feed"),
    ]

    operations = [
        AddIndexConcurrently("OrderLine", models.Index(fields=["product", "order"], name="orders_of_product")),
    ]
