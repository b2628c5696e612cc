from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404

from order_management.conflict import Conflict

from . import tokens
from .models import User


class OwnAccess(Conflict):
    detail = "You cannot take away your own access."


@transaction.atomic
def rotate(raw_refresh):
    """Spend a refresh token and return its successor."""
    return tokens.RefreshToken.for_user(spend(raw_refresh))


@transaction.atomic
def spend(raw_refresh):
    """End a refresh token and return its user; spent already, or otherwise invalid: InvalidToken (401)."""
    token = tokens.verify(tokens.RefreshToken, raw_refresh)
    user = tokens.holder(token)
    # The unique row decides: of requests with the same token at the same moment, one has made it.
    _, made = token.blacklist()
    if not made:
        raise tokens.InvalidToken
    return user


@transaction.atomic
def change_access(user_id, *, by, role=None, is_active=None):
    """Give a user another role, or lock them out or let them in; return the user.

    An Admin always remains: nobody takes away their own access (OwnAccess, 409), and of two who take away each
    other's at the same moment, the second has none left (PermissionDenied, 403).
    """
    # In the order of their ids, so that two who change each other cannot deadlock.
    both = User.objects.select_for_update().filter(Q(pk=by.pk) | Q(pk=user_id)).order_by("pk")
    users = {user.pk: user for user in both}
    if not (by.pk in users and users[by.pk].is_active and users[by.pk].role == User.Role.ADMIN):
        raise PermissionDenied
    user = users.get(user_id) or get_object_or_404(User, pk=user_id)
    if user_id == by.pk and (role == User.Role.CUSTOMER or is_active is False):
        raise OwnAccess
    user.change(role=role, is_active=is_active)
    return user
