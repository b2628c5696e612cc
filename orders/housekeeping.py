from datetime import timedelta

from django.utils import timezone

from order_management.batches import forget

from .models import IdempotencyKey

# What callers are promised.
KEPT = timedelta(hours=24)


def forget_keys():
    """Remove the idempotency keys that need not be kept any longer; return how many."""
    return forget(IdempotencyKey, "created_at", before=timezone.now() - KEPT)
