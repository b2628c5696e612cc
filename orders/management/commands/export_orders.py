import argparse
from datetime import datetime

from django.core.management.base import CommandError

from order_management.files.export import ExportCommand
from orders.exports import orders_csv
from orders.models import Order


def day(value):
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a day like 2026-11-30.") from None


class Command(ExportCommand):
    help = "Write orders as a CSV file with one row per order line, oldest first."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        days = {"type": day, "metavar": "2026-11-30"}
        parser.add_argument("--from", dest="first", **days, help="first day, in UTC")
        parser.add_argument("--to", dest="last", **days, help="last day, in UTC")
        parser.add_argument("--status", choices=Order.Status.values, help="only orders with this status now")

    def export(self, *, first, last, status, **options):
        if first and last and last < first:
            raise CommandError("--to is before --from.")
        orders = Order.objects.created_on(first, last).order_by("created_at", "id")
        return orders_csv(orders.filter(status=status) if status else orders)
