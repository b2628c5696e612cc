"""The life of a session: refresh tokens are spent one after another, until the user or a theft ends it."""

from datetime import timedelta

from django.db import IntegrityError
from django.db.models import Max
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.db.transactions import atomic
from order_management.ops.logging import security_change, security_event

from . import tokens
from .models import EndedSession, User
from .models.versions import new_versions_of_many

# A token used twice at almost the same moment is a client that retries; otherwise it may have been stolen. So a clock
# that was set back since does not excuse it.
REUSE_TOLERANCE = timedelta(seconds=10)
BATCH = 1000  # users; small, so that nobody waits long for a lock


def rotate(raw_refresh):
    """Spend a refresh token and return its successor, or raise InvalidToken (401)."""
    return or_invalid(exchange, tokens.refresh_token(raw_refresh))


def log_out(raw_refresh):
    """Spend a refresh token, or raise InvalidToken (401)."""
    or_invalid(blacklist, tokens.refresh_token(raw_refresh))


def or_invalid(use_case, token):
    """Return the result of the use case, or raise InvalidToken if there is none or the user is gone."""
    try:
        result = use_case(token)
    except IntegrityError:  # the user was deleted in the meantime
        result = None
    # Raised here, outside the transaction, which would otherwise roll back the end of a session.
    if result is None:
        raise tokens.InvalidToken
    return result


@atomic
def exchange(token):
    user = blacklist(token)
    return user and tokens.RefreshToken.for_user(user, session=token.session)


@atomic
def blacklist(token):
    """Spend a refresh token and return its user, or None if it was spent already or its session has ended."""
    user = tokens.holder(token)
    record = token.record()
    if record.ended and record.spent_at is None:
        return None
    # The unique row decides: of requests with the same token at the same moment, one inserts it.
    if record.spent_at is None and tokens.insert_blacklisted((record.pk, record.now)):
        return user
    security_event("token_reused", user=user.pk)
    if token.session and record.spent_at and abs(record.now - record.spent_at) > REUSE_TOLERANCE:
        end_session(token.session, user, record.now)
    return None


def end_session(session, user, now):
    """End one session (RFC 9700, 4.14.2): every refresh token from the same login becomes invalid."""
    issued = OutstandingToken.objects.filter(user=user).aggregate(last=Max("expires_at", default=now))
    # A successor may be issued at this very moment, and an earlier one may live longer than new ones do.
    expires_at = max(issued["last"], now + tokens.RefreshToken.lifetime)
    if EndedSession.objects.end(session, expires_at=expires_at):
        security_change("session_ended", user=user.pk)


def end_sessions(users):
    """End all tokens and admin sessions of the users of a queryset; return how many users there were."""
    ended, last = 0, 0
    while pks := end_next(users, after=last):
        ended, last = ended + len(pks), pks[-1]
    return ended


@atomic
def end_next(users, *, after):
    """End those of the next batch of users by id; return the ids."""
    locked = users.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")
    pks = list(locked.values_list("pk", flat=True)[:BATCH])
    User.objects.filter(pk__in=pks).update(**new_versions_of_many())
    return pks
