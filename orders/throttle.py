"""The limit on how many orders a Customer may place in a period: ORDER_RATE."""

from django.conf import settings
from django.utils import timezone
from rest_framework.exceptions import Throttled

from accounts.models import User
from order_management.ops.logging import security_event

from .models import Order


def limit_orders(user):
    """Raise Throttled (429) if a Customer has placed as many orders as the rate allows.

    The customer's other orders wait until the transaction ends.
    """
    if user.is_admin or not (settings.ORDER_RATE and settings.THROTTLE_ENABLED):
        return
    limit, period = settings.ORDER_RATE
    # So that concurrent orders are counted, too.
    User.objects.lock_alone(user)
    now = timezone.now()
    times = Order.objects.placed_by(user, since=now - period, now=now)
    placed_at = times[limit - 1 : limit].first()
    if placed_at:
        security_event("order_refused", user=user.pk)
        raise Throttled((placed_at + period - now).total_seconds(), "Too many orders.")
