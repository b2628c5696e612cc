"""Forgetting the keys of orders that nobody retries any more."""

from datetime import timedelta

from django.utils import timezone

from order_management.transactions import atomic

from .models import IdempotencyKey

# What callers are promised.
KEPT = timedelta(hours=24)
# Nobody waits for longer than these take.
BATCH = 1000


def forget_keys():
    """Remove the keys that need not be kept any longer; return how many."""
    forgotten, last = 0, 0
    while keys := forget_some_keys(after=last):
        forgotten, last = forgotten + len(keys), keys[-1]
    return forgotten


@atomic
def forget_some_keys(*, after):
    """Remove the old ones among those that come next, and return their ids."""
    # Ids rise with time: the old ones come first, and no order pays for an index on the time.
    # Another housekeeping may be at it: what it has locked is left to it.
    oldest = IdempotencyKey.objects.select_for_update(skip_locked=True).filter(pk__gt=after).order_by("pk")[:BATCH]
    earliest = timezone.now() - KEPT
    old = [pk for pk, created_at in oldest.values_list("pk", "created_at") if created_at < earliest]
    IdempotencyKey.objects.filter(pk__in=old).delete()
    return old
