"""Forgetting the refresh tokens that have expired."""

from datetime import timedelta

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.transactions import atomic

# By then no request is under way that found one still good.
KEPT = timedelta(hours=1)
# SimpleJWT's own command deletes all at once, and on SQLite everybody else who writes waits until that is done.
BATCH = 1000


def forget_tokens():
    """Remove the refresh tokens that expired more than an hour ago; return how many."""
    forgotten, last = 0, 0
    while tokens := forget_some_tokens(after=last):
        forgotten, last = forgotten + len(tokens), tokens[-1]
    return forgotten


@atomic
def forget_some_tokens(*, after):
    """Remove the next ones after this id, and return their ids."""
    # By id, each look from where the last one ended: nothing is indexed by the time.
    # Another housekeeping may be at it: what it has locked is left to it.
    expired = OutstandingToken.objects.filter(pk__gt=after, expires_at__lt=timezone.now() - KEPT)
    ids = list(expired.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:BATCH])
    OutstandingToken.objects.filter(pk__in=ids).delete()
    return ids
