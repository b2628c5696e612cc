from functools import partial

from django.contrib.auth import backends
from django.db import DatabaseError

from order_management.db.errors import DATABASE_ERRORS

from . import throttle
from .models import NAME_MAX, User, fold
from .timing import even_out, is_readable


class ModelBackend(backends.ModelBackend):
    """Django's, with the limit on failed logins: the API, the admin site and password changes all ask here."""

    def authenticate(self, request, username=None, password=None, **credentials):
        """Return the user, or None; after too many failures raise Throttled (429), whatever the password."""
        if username is None or password is None:
            return None
        # No name is longer, and normalizing takes quadratic time.
        username = username[: NAME_MAX + 1]
        check = partial(self.check, username, password)
        # Without a request it is a program that asks, as a test does.
        return check() if request is None else throttle.limit_login(request, username, check)

    def check(self, username, password):
        """Return the user if the password is right, else None, after the same time for every name."""
        user = User.objects.filter(username_folded=fold(username)).first()
        # The password of a user who may not log in is not compared: that would upgrade its hash, which takes time.
        if user and not (self.user_can_authenticate(user) and is_readable(user.password)):
            user = None
        if user and is_right(user, password):
            return user
        even_out(password, user and user.password)
        return None


def is_right(user, password):
    try:
        return user.check_password(password)
    except DATABASE_ERRORS:
        raise
    except DatabaseError:
        # Deleted before a new hash could replace the old one.
        return False
