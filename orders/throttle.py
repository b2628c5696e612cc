"""The limit on how many orders a Customer may place in a period: ORDER_RATE."""

from django.conf import settings
from django.utils import timezone
from rest_framework.exceptions import Throttled

from accounts.models import User
from accounts.services import lock_user
from order_management.ops.logging import security_event

from .models import Order


def order_rate(user):
    """Return how many orders the user may place and in what period, or None for no limit."""
    return settings.ORDER_RATE if settings.THROTTLE_ENABLED and user.role == User.Role.CUSTOMER else None


def limit_orders(customer, rate):
    """Raise Throttled (429) for an order over the rate. The customer's other orders wait until the transaction ends."""
    limit, period = rate
    # So that orders placed at the same moment are counted, too.
    lock_user(customer)
    now = timezone.now()
    times = Order.objects.placed_by(customer, since=now - period, now=now)
    placed_at = times[limit - 1 : limit].first()
    if placed_at:
        security_event("order_refused", user=customer.pk)
        raise Throttled((placed_at + period - now).total_seconds(), "Too many orders.")
