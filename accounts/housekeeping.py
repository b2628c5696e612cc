from datetime import timedelta

from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.batches import forget

from .models import EndedSession

# By then no request is under way that found one still good.
KEPT = timedelta(hours=1)


def forget_tokens():
    """Remove the refresh tokens that expired more than an hour ago; return how many.

    SimpleJWT's `flushexpiredtokens` deletes all at once: on SQLite everybody else who writes waits until that is done.
    """
    return forget(OutstandingToken, "expires_at", before=timezone.now() - KEPT)


def forget_sessions():
    """Remove the marks of ended sessions whose refresh tokens have all expired; return how many."""
    return forget(EndedSession, "expires_at", before=timezone.now() - KEPT)
