"""Every form of the admin site makes its change once, even if it is sent twice (a double click, the Back button).

`{% csrf_token %}` puts a token into each form: random, signed for its user (templatetags/form_tokens.py). The site
requires it with every POST and uses it up in the transaction of the change (site.py).
"""

import secrets
from contextlib import contextmanager

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from order_management.conflict import Conflict
from order_management.writes import Writes

from .models import FormToken

FIELD = "form_token"
# Housekeeping removes a used token later than that.
MAX_AGE = settings.SESSION_COOKIE_AGE  # seconds


class InvalidToken(Conflict):
    status = 403
    detail = "This form is no longer valid. Nothing was done. Load the page again and fill it in once more."


def new_token(user):
    return signer(user).sign(secrets.token_urlsafe(16))


def signer(user):
    return TimestampSigner(salt=f"accounts.form_tokens.{user.pk}")


def read_token(request):
    """Return the token that came with the form, or raise InvalidToken."""
    try:
        return signer(request.user).unsign(request.POST.get(FIELD, ""), max_age=MAX_AGE)
    except BadSignature:
        raise InvalidToken from None


@contextmanager
def use_token(request):
    """Use up the form's token in the caller's transaction, unless the block writes nothing; or raise AlreadySent.

    So a form that was refused can be sent again after correction.
    """
    row = FormToken.objects.use(read_token(request))
    with Writes() as writes:
        yield
    if not writes.count:
        row.delete()


def uses_token_itself(view):
    """Mark a view of the admin site that calls `use_token` itself, because some of its work needs no transaction."""
    view.uses_token_itself = True
    return view
