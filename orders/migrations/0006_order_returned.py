"""Locks orders_order: on PostgreSQL while it is read once, to check the constraints; on SQLite while it is copied."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_orders_of_product"),
    ]

    operations = [
        migrations.AddField(
            "Order", "returned_total", models.DecimalField(max_digits=12, decimal_places=2, db_default=0)
        ),
        migrations.AddField("Order", "partly_returned", models.BooleanField(db_default=False)),
        migrations.AddConstraint(
            "Order",
            models.CheckConstraint(
                condition=Q(returned_total__gte=0, returned_total__lte=F("total")), name="returned_total_in_bounds"
            ),
        ),
        migrations.AddConstraint(
            "Order",
            models.CheckConstraint(
                condition=Q(partly_returned=False) | Q(status="delivered"), name="pieces_returned_once"
            ),
        ),
    ]
