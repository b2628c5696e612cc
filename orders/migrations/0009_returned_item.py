"""Locks orders_orderevent and orders_orderline against writes for a moment, to add foreign keys of a new table."""

from django.db import migrations, models
from django.db.models import PROTECT, Q


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0008_event_action"),
    ]

    operations = [
        migrations.CreateModel(
            "ReturnedItem",
            [
                ("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
                ("restock", models.BooleanField()),
                ("line", models.ForeignKey("orders.orderline", PROTECT, related_name="returns")),
                ("event", models.ForeignKey("orders.orderevent", PROTECT, related_name="items")),
            ],
            {
                "ordering": ["id"],
                "constraints": [models.CheckConstraint(condition=Q(quantity__gte=1), name="returned_item_not_empty")],
            },
        ),
    ]
