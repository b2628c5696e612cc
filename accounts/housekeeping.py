from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.db.purge import purge, restamp

from .form_tokens import MAX_AGE
from .models import ClientAddress, EndedSession, FormToken, IdempotencyKey

# By then, no request that found them valid is still running.
GRACE_PERIOD = timedelta(hours=1)


def purge_tokens():
    """Delete refresh tokens that expired more than an hour ago; return how many.

    SimpleJWT's `flushexpiredtokens` deletes all of them at once, while on SQLite every other writer waits.
    """
    return purge(OutstandingToken, Q(expires_at__lt=timezone.now() - GRACE_PERIOD))


def purge_ended_sessions():
    """Delete the records of ended sessions whose refresh tokens have all expired; return how many."""
    return purge(EndedSession, Q(expires_at__lt=timezone.now() - GRACE_PERIOD))


def purge_sessions():
    """Delete expired admin sessions; return how many. Django's `clearsessions` deletes all of them at once."""
    return purge(Session, Q(expire_date__lt=timezone.now()))


def purge_addresses():
    """Delete addresses whose counters have expired; return how many."""
    return purge(ClientAddress, ClientAddress.objects.expired())


def purge_keys():
    """Delete idempotency keys more than 24 hours old, which are no longer valid for a retry; return how many."""
    # The age of keys dated in the future is unknown, so they are kept for another 24 hours.
    restamp(IdempotencyKey, "created_at")
    return purge(IdempotencyKey, Q(created_at__lt=timezone.now() - timedelta(hours=24)))


def purge_form_tokens():
    """Delete used form tokens that are too old to be sent again; return how many."""
    # The age of those dated in the future is unknown, so they are kept for the full time from now on.
    restamp(FormToken, "used_at")
    return purge(FormToken, Q(used_at__lt=timezone.now() - timedelta(seconds=MAX_AGE) - GRACE_PERIOD))
