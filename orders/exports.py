"""Orders as a file for accounting: a row for each of their lines."""

from datetime import UTC

from order_management.files.csv import BATCH, batches, write_csv

from .models import Order

COLUMNS = [
    *["order", "customer", "status", "created_at"],
    *["product", "name", "price", "quantity", "subtotal", "total", "note"],
]


def orders_csv(orders):
    """Yield a queryset of orders as a CSV file, in its order, as chunks of text."""
    return write_csv(COLUMNS, lines_of(orders.rows().iterator(BATCH)))


def lines_of(orders):
    for some in batches(orders):
        for order in Order.objects.with_lines(some):
            yield from (row_of(order, line) for line in order.lines)


def row_of(order, line):
    created_at = order.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return [order.id, order.customer, order.status, created_at, *line, line.subtotal, order.total, order.note]
