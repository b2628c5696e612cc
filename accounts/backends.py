from functools import partial

from django.contrib.auth import backends

from . import throttle


class ModelBackend(backends.ModelBackend):
    """Django's, with the limit on failed logins: the API, the admin site and password changes all ask here."""

    def authenticate(self, request, username=None, password=None, **credentials):
        """Return the user, or None; after too many failures raise Throttled (429), whatever the password."""
        check = partial(super().authenticate, request, username=username, password=password, **credentials)
        # Without a request it is a program that asks, as a test does.
        return check() if request is None or username is None else throttle.limit_login(request, username, check)
