import argparse

from django.core.management.base import BaseCommand
from django.db.models import Q
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW
from order_management.env import parse_duration
from order_management.exceptions import Conflict
from orders.models import IllegalTransition, Order
from orders.services import change_status

PAGE_SIZE = 1000


def duration(value):
    try:
        return parse_duration(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a duration like 90m, 24h or 7d.") from None


class Command(BaseCommand):
    help = "Cancel pending orders that nobody has confirmed, and return their items to stock."

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than", type=duration, required=True, metavar="24h", help="minimum age, such as 90m, 24h or 7d"
        )

    def handle(self, *, older_than, **options):
        expired = 0
        # One transaction per order, so that nobody waits long for a lock.
        for order in forgotten_orders(timezone.now() - older_than):
            try:
                change_status(order, Order.Status.CANCELLED, by=None, note="Expired.")
            except IllegalTransition:
                pass  # It has moved in the meantime, perhaps by this command on another node.
            except Conflict as conflict:
                self.stderr.write(f"{order}: {conflict}")
            else:
                expired += 1
        self.stdout.write(f"Expired orders: {expired}.")


def forgotten_orders(before):
    """Yield the pending orders placed before a time, oldest first, then those with a date in the future."""
    pending = Order.objects.filter(status=Order.Status.PENDING).order_by("created_at", "id")
    yield from pages(pending.filter(created_at__lt=before))
    # Written by a node whose clock was ahead. Ids increase with time: they are older than orders with a higher id.
    newest = Order.objects.filter(created_at__lt=before).order_by("-created_at", "-id").first()
    if newest:
        yield from pages(pending.filter(created_at__gt=timezone.now() + CLOCK_SKEW, pk__lt=newest.pk))


def pages(orders):
    """Yield the orders of a queryset, reading a page at a time to bound memory."""
    # Not iterator(): its open query would keep SQLite from writing once another connection has written.
    page = list(orders[:PAGE_SIZE])
    while page:
        yield from page
        at, pk = page[-1].created_at, page[-1].pk
        later = orders.filter(Q(created_at=at, pk__gt=pk) | Q(created_at__gt=at), created_at__gte=at)
        page = list(later[:PAGE_SIZE])
