from django.conf import settings
from django.contrib.auth import backends
from django.db import DatabaseError

from order_management.client_address import client_address
from order_management.db.errors import DATABASE_ERRORS

from . import throttle
from .models import NAME_MAX, User
from .timing import equalize_runtime, is_readable


class ModelBackend(backends.ModelBackend):
    """Django's backend with a limit on failed logins, for the API, the admin site and password changes alike."""

    def authenticate(self, request, username=None, password=None, **credentials):
        """Return the user, or None; raise Throttled (429) after too many failures, even if the password is right."""
        if username is None or password is None:
            return None
        # No username is longer, and normalizing takes quadratic time.
        username = username[: NAME_MAX + 1]
        # Without a request, the caller is a program such as a test.
        if request is None or not settings.THROTTLE_ENABLED:
            return self.check(username, password)
        address = client_address(request)
        throttle.check_login(address, username)
        user = self.check(username, password)
        throttle.record_login(address, username, user)
        return user

    def check(self, username, password):
        """Return the user if the password is right, else None, after the same time for every username."""
        user = User.objects.with_username(username).first()
        # For a user who may not log in, the password is not compared: that could upgrade the hash, which takes time.
        if user and not (self.user_can_authenticate(user) and is_readable(user.password)):
            user = None
        if user and is_right(user, password):
            return user
        equalize_runtime(password, user and user.password)
        return None


def is_right(user, password):
    try:
        return user.check_password(password)
    except DATABASE_ERRORS:
        raise
    except DatabaseError:
        # The user was deleted before a new hash could replace the old one.
        return False
