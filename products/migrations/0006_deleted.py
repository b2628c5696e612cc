"""Locks nothing on PostgreSQL; on SQLite, writes wait while it reads products_product.

On PostgreSQL, building the indexes waits for transactions that are running. If it is interrupted, drop the indexes that
exist (`DROP INDEX IF EXISTS deleted_by_id, deleted_by_name, deleted_by_price, deleted_by_quantity`) and run it again.
"""

from django.db import migrations, models

from order_management.feeds.operations import AddIndexConcurrently

DELETED = models.Q(("deleted_at__isnull", False))


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY does not run in a transaction.
    atomic = False

    dependencies = [
        ("products", "0005_feed"),
    ]

    operations = [
        AddIndexConcurrently("Product", models.Index(fields=fields, name=name, condition=DELETED))
        for name, fields in {
            "deleted_by_id": ["id"],
            "deleted_by_name": ["name", "id"],
            "deleted_by_price": ["price", "id"],
            "deleted_by_quantity": ["quantity", "id"],
        }.items()
    ]
