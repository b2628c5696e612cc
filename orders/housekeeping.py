from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import IdempotencyKey
from order_management.db.purge import purge, restamp

# What callers are promised.
KEPT = timedelta(hours=24)


def purge_keys():
    """Delete idempotency keys that no longer have to be kept; return how many."""
    # Their real age is unknown, so they are kept for another 24 hours rather than until the clock catches up.
    restamp(IdempotencyKey, "created_at")
    return purge(IdempotencyKey, Q(created_at__lt=timezone.now() - KEPT))
