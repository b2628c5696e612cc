import argparse

from django.core.management.base import BaseCommand
from django.utils import timezone

from order_management.conflict import Conflict
from order_management.env import parse_duration
from orders.models import IllegalTransition, Order
from orders.services import change_status


def duration(value):
    try:
        return parse_duration(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a time like 90m, 24h or 7d.") from None


class Command(BaseCommand):
    help = "Cancel pending orders that were forgotten, and book their stock back."

    def add_arguments(self, parser):
        parser.add_argument("--older-than", type=duration, required=True, metavar="24h", help="e.g. 90m, 24h or 7d")

    def handle(self, *, older_than, **options):
        forgotten = Order.objects.filter(status=Order.Status.PENDING, created_at__lt=timezone.now() - older_than)
        expired = 0
        # A transaction for each: nobody waits for all of them. Not by iterator(), whose open query would keep SQLite
        # from writing as soon as somebody else has written.
        for order in forgotten.order_by("created_at", "id"):
            try:
                change_status(order, Order.Status.CANCELLED, by=None, note="Expired.")
            except IllegalTransition:
                pass  # moved meanwhile, perhaps by the same command elsewhere
            except Conflict as conflict:
                self.stderr.write(f"{order}: {conflict}")
            else:
                expired += 1
        self.stdout.write(f"Expired orders: {expired}.")
