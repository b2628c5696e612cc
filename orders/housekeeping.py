from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import IdempotencyKey
from order_management.db.purge import purge, restamp

# Callers may retry for this long.
RETENTION = timedelta(hours=24)


def purge_keys():
    """Delete idempotency keys that no longer have to be kept; return how many."""
    # Keys dated in the future: their real age is unknown, so keep them for another 24 hours.
    restamp(IdempotencyKey, "created_at")
    return purge(IdempotencyKey, Q(created_at__lt=timezone.now() - RETENTION))
