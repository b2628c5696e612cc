from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from order_management.batches import purge, restamp

from .models import IdempotencyKey

# What callers are promised.
KEPT = timedelta(hours=24)


def purge_keys():
    """Delete idempotency keys that need not be kept any longer; return how many."""
    # Nobody knows how old they are, so they are kept for another 24 hours, and not until the clock has caught up.
    restamp(IdempotencyKey, "created_at")
    return purge(IdempotencyKey, Q(created_at__lt=timezone.now() - KEPT))
