from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.http import Http404

from order_management.db.transactions import atomic
from order_management.exceptions import Code, Conflict
from order_management.ops.logging import security_change

from . import throttle
from .models import NAME_TAKEN, ClientAddress, User


class OwnAccess(Conflict):
    code = Code.OWN_ACCESS
    detail = "You cannot take away your own access."


class OwnPassword(OwnAccess):
    detail = "Change your own password at /api/accounts/me/password/."


def register(*, username, password, address):
    """Create a Customer.

    Raise ValidationError (400) if the username is taken, Throttled (429) after too many registrations from the address.
    """
    throttle.check_registration(address)
    # Hashing takes time, so it comes before the transaction.
    password = make_password(password)
    # Only the database can tell whether the username is still free.
    try:
        create_customer(address, username=username, password=password)
    except IntegrityError:
        raise ValidationError({"username": NAME_TAKEN}) from None


@atomic
def create_customer(address, **fields):
    throttle.record_registration(address)
    User(**fields).save()


@atomic
def update_profile(user, **fields):
    """Change the user's own profile; raise DatabaseError or User.DoesNotExist if they have been deleted."""
    if fields:
        user.update_profile(**fields)
        # It was read before its row was locked: another call may have changed other fields since.
        user.refresh_from_db(fields=["email", "first_name", "last_name"])
    else:
        User.objects.lock(user)


@atomic
def delete_users(users, *, by):
    """Delete the users of a queryset; raise PermissionDenied (403) if `by` is one of them or no longer an Admin."""
    pks = set(users.values_list("pk", flat=True))
    lock_with_admin(User.objects.select_for_update(), Q(pk__in=pks), by)
    if by.pk in pks:
        raise PermissionDenied("You cannot delete yourself.")
    User.objects.filter(pk__in=pks).delete()


@atomic
def set_access(user_id, *, by, role=None, is_active=None):
    """Set a user's role, or lock them out or let them in; return the user. None leaves a value unchanged.

    Raise OwnAccess (409) if an Admin would take away their own access, and PermissionDenied (403) if `by` is no longer
    an Admin. So one always remains: of two Admins who demote each other at the same moment, the second is refused.
    """
    user = lock_user(user_id, by=by)
    if user_id == by.pk and (role == User.Role.CUSTOMER or is_active is False):
        raise OwnAccess
    change_access(user, by=by, role=role, is_active=is_active)
    return user


@atomic
def set_access_of(users, *, by, **access):
    """Set the access of the users of a queryset, except that of the Admin who does it; return those who changed."""
    pks = users.exclude(pk=by.pk).order_by().values_list("pk", flat=True)
    locked = lock_with_admin(User.objects.select_for_update(no_key=True), Q(pk__in=list(pks)), by)
    return [user for user in locked.values() if user.pk != by.pk and change_access(user, by=by, **access)]


def change_access(user, *, by, role, is_active):
    """Change the access of a locked user, and log what has changed; return whether anything has."""
    before = user.role, user.is_active
    user.set_access(role=role, is_active=is_active)
    log_access(user, *before, by=by)
    return before != (user.role, user.is_active)


def set_password(user_id, password, *, by):
    """Set another user's password, which ends all their tokens and sessions.

    Raise OwnPassword (409) for the Admin's own, and PermissionDenied (403) if `by` is no longer an Admin.
    """
    if user_id == by.pk:
        raise OwnPassword
    # Hashing takes time, so it comes before the transaction.
    replace_hash(user_id, make_password(password), by=by)


@atomic
def replace_hash(user_id, encoded, *, by):
    user = lock_user(user_id, by=by)
    user.password = encoded
    # Only these columns: a user who is locked out stays locked out.
    user.save(update_fields=["password", *user.end_sessions()])
    security_change("password_changed", user=user.pk, by=by.pk)


@atomic
def let_address_in(address, *, by):
    """Clear the failed logins of a locked-out address; return whether it was locked out.

    Raise PermissionDenied (403) if `by` is no longer an Admin.
    """
    lock_with_admin(User.objects.select_for_update(no_key=True), Q(pk=by.pk), by)
    client = ClientAddress.objects.select_for_update().filter(pk=address).first()
    if client is None or not client.lockouts():
        return False
    client.clear_failures()
    security_change("address_let_in", address=address, by=by.pk)
    return True


def lock_user(user_id, *, by):
    """Lock a user and the Admin who changes them; return the user, or raise Http404 or PermissionDenied (403)."""
    users = lock_with_admin(User.objects.select_for_update(no_key=True), Q(pk=user_id), by)
    if user_id not in users:
        raise Http404("No User matches the given query.")
    return users[user_id]


def lock_with_admin(users, selected, by):
    """Lock the users who match a Q along with the Admin who changes them; return them by id.

    Raise PermissionDenied (403) if the Admin has been deleted, locked out or demoted in the meantime.
    """
    # In ascending id, so that Admins who change each other do not deadlock.
    locked = users.filter(Q(pk=by.pk) | selected).order_by("pk").in_bulk()
    admin = locked.get(by.pk)
    if not (admin and admin.is_active and admin.is_admin):
        raise PermissionDenied
    return locked


def log_access(user, role, is_active, *, by):
    """Log what has changed from this role and access."""
    if user.role != role:
        security_change("role_changed", user=user.pk, role=user.role.value, by=by.pk)
    if user.is_active != is_active:
        security_change("user_let_in" if user.is_active else "user_locked_out", user=user.pk, by=by.pk)
