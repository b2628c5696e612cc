"""Orders as a CSV file for accounting, with one row per order line."""

from datetime import UTC

from order_management.batches import batches
from order_management.files.csv import BATCH, write_csv

from .models import Order

COLUMNS = [
    *["order", "customer", "status", "created_at"],
    *["product", "name", "price", "quantity", "subtotal", "total", "note", "returned"],
]


def orders_csv(orders):
    """Yield a queryset of orders as a CSV file, in its order, as chunks of text."""
    return write_csv(COLUMNS, csv_rows(orders))


def csv_rows(orders):
    for batch in batches(orders.rows().iterator(BATCH), BATCH):
        for order in Order.objects.with_lines(batch):
            yield from (csv_row(order, line) for line in order.lines)


def csv_row(order, line):
    created_at = order.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    product, name, price, quantity, returned = line
    return [
        *[order.id, order.customer, order.status, created_at],
        *[product, name, price, quantity, price * quantity, order.total, order.note, returned],
    ]
