"""Forgetting the refresh tokens that have expired."""

from datetime import timedelta

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

# By then no request is under way that found one still good.
KEPT = timedelta(hours=1)
# SimpleJWT's own command deletes all at once, and on SQLite everybody else who writes waits until that is done.
BATCH = 1000


def forget_tokens():
    """Remove the refresh tokens that expired an hour ago or longer; return how many."""
    forgotten, last, earliest = 0, 0, timezone.now() - KEPT
    # By id: nothing is indexed by the time, and a changed lifetime lets younger ones expire before older ones.
    while tokens := OutstandingToken.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "expires_at")[:BATCH]:
        expired = [pk for pk, expires_at in tokens if expires_at < earliest]
        OutstandingToken.objects.filter(pk__in=expired).delete()
        forgotten, last = forgotten + len(expired), max(pk for pk, _ in tokens)
    return forgotten
