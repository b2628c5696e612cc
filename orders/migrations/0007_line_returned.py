"""Locks orders_orderline: on PostgreSQL while it is read once, to check the constraint; on SQLite while it is copied."""

from django.db import migrations, models
from django.db.models import PROTECT, F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0006_order_returned"),
    ]

    operations = [
        # Nothing in the database: the choices that forms offer.
        migrations.AlterField(
            "OrderLine",
            "product",
            models.ForeignKey(
                "products.product", PROTECT, related_name="+", db_index=False, limit_choices_to={"deleted_at": None}
            ),
        ),
        migrations.AddField("OrderLine", "returned", models.PositiveIntegerField(db_default=0)),
        migrations.AddConstraint(
            "OrderLine",
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="returned_at_most_ordered"),
        ),
    ]
