from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.shortcuts import get_object_or_404

from order_management.db.prepared import Select
from order_management.db.transactions import atomic
from order_management.exceptions import Conflict
from order_management.ops.logging import security_change

from . import throttle
from .models import NAME_TAKEN, User


class OwnAccess(Conflict):
    detail = "You cannot take away your own access."


def register(*, username, password, address):
    """Make a Customer.

    A taken name is a ValidationError (400), one registration too many from the address Throttled (429).
    """
    throttle.limit_registration(address)
    # Takes its time, and so stands before the transaction.
    password = make_password(password)
    # Only the database can say whether a name is free at this very moment.
    try:
        make_customer(address, username=username, password=password)
    except IntegrityError:
        raise ValidationError({"username": NAME_TAKEN}) from None


@atomic
def make_customer(address, **fields):
    throttle.count_registration(address)
    User(**fields).save()


user_row = Select(lambda pk: User.objects.filter(pk=pk).select_for_update(no_key=True).values_list("pk"))


def lock_user(user):
    """Keep a user from being deleted until the transaction ends; raise User.DoesNotExist if they already are.

    Rows that refer to the user can still be added: their foreign keys do not wait for this lock.
    None means a management command, which has no user.
    """
    if user and not user_row(user.pk):
        raise User.DoesNotExist


@atomic
def change_profile(user, **fields):
    """Change what a person says of themself; raise DatabaseError or User.DoesNotExist if they have been deleted."""
    if fields:
        user.change_profile(**fields)
    else:
        lock_user(user)


@atomic
def delete_users(users, *, by):
    """Delete the users of a queryset; whoever is no Admin any more, or is one of them: PermissionDenied (403)."""
    ids = set(users.values_list("pk", flat=True))
    # Locked in one order, so that of two Admins who delete each other at the same moment one remains.
    locked = User.objects.select_for_update().filter(pk__in=[by.pk, *ids]).order_by("pk").in_bulk()
    if by.pk in ids or by.pk not in locked or not locked[by.pk].is_active or locked[by.pk].role != User.Role.ADMIN:
        raise PermissionDenied("Only an Admin may do this, and to others.")
    User.objects.filter(pk__in=ids).delete()


@atomic
def change_access(user_id, *, by, role=None, is_active=None):
    """Give a user another role, or lock them out or let them in; return the user.

    An Admin always remains: nobody takes away their own access (OwnAccess, 409), and of two who take away each
    other's at the same moment, the second has none left (PermissionDenied, 403).
    """
    # In the order of their ids, so that two who change each other cannot deadlock.
    both = User.objects.select_for_update(no_key=True).filter(Q(pk=by.pk) | Q(pk=user_id)).order_by("pk")
    users = {user.pk: user for user in both}
    if not (by.pk in users and users[by.pk].is_active and users[by.pk].role == User.Role.ADMIN):
        raise PermissionDenied
    user = users.get(user_id) or get_object_or_404(User, pk=user_id)
    if user_id == by.pk and (role == User.Role.CUSTOMER or is_active is False):
        raise OwnAccess
    before = user.role, user.is_active
    user.change(role=role, is_active=is_active)
    if user.role != before[0]:
        security_change("role_changed", user=user.pk, role=user.role.value, by=by.pk)
    if user.is_active != before[1]:
        security_change("user_let_in" if is_active else "user_locked_out", user=user.pk, by=by.pk)
    return user
