"""Reads what is kept about a person, and replaces their account with an anonymous one, which takes over the rest.

A request by this person that is in progress finds its caller deleted, which every call handles already: it gets a 401,
and nothing is done. So no call can bring back a text after it was erased.
"""

from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import PROTECT, F, Q
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from order_management.exceptions import Conflict
from order_management.ops.logging import security_change

from .models import ClientAddress, IdempotencyKey, User


class LastAdmin(Conflict):
    detail = "This is the only active Admin. Make another user an Admin first."


class AlreadyAnonymised(Conflict):
    detail = "This user is already anonymous."


def account_data(user):
    """Return the account and what belongs to it as a dict, without passwords, tokens and session keys."""
    fields = ["id", "username", "email", "first_name", "last_name", "role", "is_active", "date_joined", "last_login"]
    tokens = OutstandingToken.objects.filter(user=user).order_by("pk")
    return {
        "account": {name: getattr(user, name) for name in fields},
        "refresh_tokens": list(
            tokens.values("created_at", "expires_at", used_at=F("blacklistedtoken__blacklisted_at"))
        ),
        "admin_sessions": [{"expires_at": session.expire_date} for session in admin_sessions(user)],
        "idempotency_keys": list(
            IdempotencyKey.objects.filter(user=user).order_by("pk").values("key", "request", "status", "created_at")
        ),
        "failed_logins": ClientAddress.objects.failures_of(user.username),
        "admin_history": [
            {"at": entry.action_time, "by": entry.user.username, "object": entry.object_repr, "change": str(entry)}
            for entry in admin_history(user)
        ],
    }


def about(user):
    """Return a Q of the entries in the admin history that are about a user."""
    return Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))


def admin_history(user):
    """Return the entries in the admin history that a user has made, or that are about them, oldest first."""
    return LogEntry.objects.filter(Q(user=user) | about(user)).select_related("user").order_by("pk")


def admin_sessions(user):
    """Return the admin sessions of a user. Only their contents say whose they are, so this reads all of them."""
    return [session for session in Session.objects.all() if session.get_decoded().get(SESSION_KEY) == str(user.pk)]


def lock_person(username):
    """Return the user with this username, in any spelling, locked until the transaction ends.

    Raise User.DoesNotExist, AlreadyAnonymised or LastAdmin.
    """
    # First, because a registration also locks the address before it can wait for the username.
    ClientAddress.objects.reset_failures(username)
    wanted = User.objects.with_username(username)
    # Every active Admin, so that if two are erased at the same moment, the second one is the last.
    admins = User.objects.active().with_role(User.Role.ADMIN)
    locked = User.objects.filter(Q(pk__in=wanted.values("pk")) | Q(pk__in=admins.values("pk")))
    list(locked.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    # FOR UPDATE: whatever inserts a row that refers to the user waits for it, and then finds the user deleted.
    user = wanted.select_for_update().get()
    if user.is_anonymised:
        raise AlreadyAnonymised
    if user.is_admin and user.is_active and not admins.exclude(pk=user.pk).exists():
        raise LastAdmin
    return user


def replace_account(user):
    """Delete a locked user with all their tokens and admin sessions, and return the anonymous user in their place."""
    anonymous = User.objects.create_anonymous(user)
    move_rows(user, anonymous)
    OutstandingToken.objects.filter(user=user).delete()
    Session.objects.filter(pk__in=[session.pk for session in admin_sessions(user)]).delete()
    User.objects.filter(pk=user.pk).delete()
    security_change("user_anonymised", user=user.pk)
    return anonymous


def move_rows(user, anonymous):
    """Make every row that protects the user from deletion, and the admin history, refer to the anonymous user."""
    for relation in User._meta.get_fields(include_hidden=True):
        if getattr(relation, "on_delete", None) is PROTECT and relation.auto_created:
            relation.related_model.objects.filter(**{relation.field.name: user}).update(
                **{relation.field.name: anonymous}
            )
    LogEntry.objects.filter(user=user).update(user=anonymous)
    LogEntry.objects.filter(about(user)).update(object_id=str(anonymous.pk), object_repr=str(anonymous))
