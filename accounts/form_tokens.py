"""Lets every form of the admin site make its change only once, even if it is sent twice (double click, Back button).

Django masks the CSRF token differently on each page, so the token sent with a form identifies the page it was filled in
on. The site uses it up in the transaction of the change (site.py).
"""

import hashlib
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.middleware.csrf import CSRF_TOKEN_LENGTH

from order_management.db.writes import CountWrites

from .models import FormToken

FIELD = "csrfmiddlewaretoken"
# Housekeeping keeps used tokens for longer than this. Users must have logged in again by then, and a login invalidates
# the CSRF tokens of older pages.
MAX_AGE = settings.SESSION_COOKIE_AGE  # seconds


def form_token(request):
    """Return the token that identifies the submitted form, or None if it does not come from a page of the site."""
    masked = request.POST.get(FIELD, "")
    # A program may send the secret from the cookie with every form. It is not masked and therefore shorter.
    if len(masked) != CSRF_TOKEN_LENGTH:
        return None
    # The dialogs of a page share its CSRF token, but each has exactly one path (see check_ids in site.py).
    return hashlib.sha256(f"{masked} {request.path}".encode()).hexdigest()[:32]


@contextmanager
def use_token(request):
    """Use up the form's token in the caller's transaction, or raise AlreadySent.

    If the block writes nothing, the token stays unused, so that a form with errors can be corrected and sent again.
    """
    token = form_token(request)
    if token is None:
        yield
        return
    row, writes = FormToken.objects.use(token), CountWrites()
    with connection.execute_wrapper(writes):
        yield
    if not writes.count:
        row.delete()


def uses_token_itself(view):
    """Mark an admin view that calls `use_token` itself, because part of its work does not belong in the transaction."""
    view.uses_token_itself = True
    return view
