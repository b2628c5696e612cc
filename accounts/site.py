import re
from functools import wraps

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.messages.storage import default_storage
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from rest_framework.exceptions import Throttled
from rest_framework.permissions import SAFE_METHODS

from order_management.admin import site
from order_management.db.transactions import atomic

from .form_tokens import form_token, use_token, uses_token_itself
from .models import AlreadySent, FormToken


class Site(site.Site):
    """The admin site, where every form makes its change only once."""

    def admin_view(self, view, cacheable=False):
        # Logging out twice does no harm.
        return super().admin_view(view if view == self.logout else self.submit_once(view), cacheable)

    def submit_once(self, view):
        """Wrap a view so that it uses up the form's token in the transaction of its change."""

        @wraps(view)
        def wrapper(request, *args, **kwargs):
            check_ids(kwargs)
            if request.method in SAFE_METHODS:
                return view(request, *args, **kwargs)
            try:
                if not getattr(view, "uses_token_itself", False):
                    return in_transaction(view)(request, *args, **kwargs)
                # Checked before any work is done; `use_token` decides.
                FormToken.objects.check_unused(form_token(request))
                return view(request, *args, **kwargs)
            except AlreadySent as error:
                return self.refuse_form(request, error)

        return wrapper

    @uses_token_itself
    def password_change(self, request, extra_context=None):
        try:
            if "old_password" in request.POST:
                # Only to count failures, outside the form's transaction. Django's form checks again, without a limit.
                authenticate(request, username=request.user.get_username(), password=request.POST["old_password"])
            change = super().password_change
            return (in_transaction(change) if request.method == "POST" else change)(request, extra_context)
        except Throttled as error:
            return self.locked_out(request, error)

    def refuse_form(self, request, error):
        if "HX-Request" in request.headers:
            # A dialog: htmx shows no error pages, but follows HX-Redirect.
            messages.error(request, str(error))
            return HttpResponse(status=error.status, headers={"HX-Redirect": current_page(request)})
        context = {**self.each_context(request), "title": "Nothing was changed", "detail": str(error)}
        return TemplateResponse(request, "admin/form_refused.html", context, status=error.status)


def check_ids(kwargs):
    """Raise Http404 unless the id in a path is written as in links, so that each form has exactly one path.

    The path is part of the form's token, and Django reads 1, 01 and 1_0A as the same id.
    """
    for name in ("object_id", "id"):
        if not re.fullmatch("0|[1-9][0-9]*", kwargs.get(name, "0")):
            raise Http404


# Views that set a password also hash it in the transaction, so on SQLite all writers wait for about 25 ms. Django's
# forms hash the password as they save; hashing it earlier would take separate views.
def in_transaction(view):
    @atomic
    def run(request, *args, **kwargs):
        # Without the messages of an attempt that the database has aborted.
        request._messages = default_storage(request)
        with use_token(request):
            return view(request, *args, **kwargs)

    return run


def current_page(request):
    """Return the URL of the page from which htmx sent the request."""
    url = request.headers.get("HX-Current-URL", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}) else reverse("admin:index")
