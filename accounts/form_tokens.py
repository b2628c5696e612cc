"""Every form in the admin site makes its change once, even if it is sent twice (a double click, the Back button).

Django masks the CSRF token differently on each page, so the token sent with a form identifies the page on which it was
filled in. The site uses it up in the transaction of the change (site.py).
"""

import hashlib
from contextlib import contextmanager

from django.conf import settings
from django.middleware.csrf import CSRF_TOKEN_LENGTH

from order_management.db.writes import Writes

from .models import FormToken

FIELD = "csrfmiddlewaretoken"
# Housekeeping keeps used tokens for longer than this: logging in again ends the CSRF tokens of older pages.
MAX_AGE = settings.SESSION_COOKIE_AGE  # seconds


def token_of(request):
    """Return what identifies the form that was sent, or None if it does not come from one of our pages."""
    masked = request.POST.get(FIELD, "")
    # A program may send the cookie's secret with every form. It is shorter, because it is not masked.
    if len(masked) != CSRF_TOKEN_LENGTH:
        return None
    # The dialogs of a page share its token, but each has exactly one path (see refuse_odd_ids in site.py).
    return hashlib.sha256(f"{masked} {request.path}".encode()).hexdigest()[:32]


def check_unused(request):
    """Raise AlreadySent if the form has already made its change."""
    FormToken.objects.check_unused(token_of(request))


@contextmanager
def use_token(request):
    """Use up the form's token in the caller's transaction unless the block writes nothing, or raise AlreadySent.

    So a form that was refused can be sent again after correction.
    """
    token = token_of(request)
    if token is None:
        yield
        return
    row = FormToken.objects.use(token)
    with Writes() as writes:
        yield
    if not writes.count:
        row.delete()


def uses_token_itself(view):
    """Mark a view of the admin site that calls `use_token` itself, because some of its work needs no transaction."""
    view.uses_token_itself = True
    return view
