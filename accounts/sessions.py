"""A session is the chain of refresh tokens from one login. Each token works once."""

from datetime import timedelta

from django.db import IntegrityError
from django.db.models import Max
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.db.transactions import atomic
from order_management.ops.logging import security_change, security_event

from . import tokens
from .models import EndedSession, User
from .models.versions import new_versions_per_row

# A token used twice at almost the same moment comes from a client that retries; otherwise it may have been stolen. The
# absolute difference is compared, because the clock may have been set back since.
REUSE_TOLERANCE = timedelta(seconds=10)
LAST_LOGIN_ACCURACY = timedelta(hours=1)
BATCH = 1000  # users; small, so that nobody waits long for a lock


def rotate(raw_token):
    """Blacklist a refresh token and return its successor, or raise InvalidToken (401)."""
    return use(raw_token, issue_successor)


def log_out(raw_token):
    """Blacklist a refresh token, or raise InvalidToken (401)."""
    use(raw_token, blacklist)


@atomic
def log_out_everywhere(user):
    """End all tokens and admin sessions of a user; raise DatabaseError if they have been deleted."""
    user.save(update_fields=user.end_sessions())
    security_change("logged_out_everywhere", user=user.pk)


def record_login(user):
    """Keep the user's last login accurate to an hour, so that most logins write nothing."""
    if user.last_login is None or abs(timezone.now() - user.last_login) >= LAST_LOGIN_ACCURACY:
        update_last_login(user)


@atomic
def update_last_login(user):
    User.objects.update_last_login(user)


def use(raw_token, transaction):
    """Return what the transaction returns for a refresh token, or raise InvalidToken if it returns None."""
    token = tokens.RefreshToken(raw_token)
    try:
        result = transaction(token)
    except IntegrityError:
        # The user was deleted before the commit, which checks the foreign keys.
        raise tokens.InvalidToken from None
    # Raised outside the transaction, so that the end of a session is not rolled back.
    if result is None:
        raise tokens.InvalidToken
    return result


@atomic
def issue_successor(token):
    user = blacklist(token)
    return user and tokens.RefreshToken.for_user(user, session=token.session)


@atomic
def blacklist(token):
    """Blacklist a refresh token and return its user, or None if the token or its session is no longer valid."""
    user = User.objects.get_active(token["user_id"], token["version"])
    if user is None:
        return None
    record = token.record()
    if record.ended and record.blacklisted_at is None:
        return None
    if record.blacklisted_at is None and token.add_to_blacklist(record):
        return user
    security_event("token_reused", user=user.pk)
    if token.session and record.blacklisted_at and abs(record.now - record.blacklisted_at) > REUSE_TOLERANCE:
        end_session(token.session, user, record.now)
    return None


def end_session(session, user, now):
    """End one session (RFC 9700, 4.14.2): every refresh token from the same login becomes invalid."""
    issued = OutstandingToken.objects.filter(user=user).aggregate(last=Max("expires_at", default=now))
    # A successor may be issued at this very moment, and earlier tokens may live longer than new ones.
    expires_at = max(issued["last"], now + tokens.RefreshToken.lifetime)
    if EndedSession.objects.end(session, expires_at=expires_at):
        security_change("session_ended", user=user.pk)


def end_sessions(users):
    """End all tokens and admin sessions of the users of a queryset; return the number of users."""
    ended, last = 0, 0
    while pks := end_next_batch(users, after=last):
        ended, last = ended + len(pks), pks[-1]
    return ended


@atomic
def end_next_batch(users, *, after):
    """End the sessions of the next users in ascending id; return their ids."""
    locked = users.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")
    pks = list(locked.values_list("pk", flat=True)[:BATCH])
    User.objects.filter(pk__in=pks).update(**new_versions_per_row())
    return pks
