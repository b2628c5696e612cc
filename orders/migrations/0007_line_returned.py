"""Locks orders_orderline: on PostgreSQL while it is read once, to check the constraint; on SQLite while it is copied."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0006_order_returned"),
    ]

    operations = [
        migrations.AddField("OrderLine", "returned", models.PositiveIntegerField(db_default=0)),
        migrations.AddConstraint(
            "OrderLine",
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="returned_at_most_ordered"),
        ),
    ]
