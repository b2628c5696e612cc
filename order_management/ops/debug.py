"""Error pages of development mode: the traceback for the developer, nothing for anyone else."""

import ipaddress

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.views import debug
from django.views.defaults import ERROR_PAGE_TEMPLATE

# Variables, settings, environment and paths may contain passwords and keys.
HIDDEN = {"request_meta": {}, "settings": {}, "sys_path": [], "sys_executable": ""}


class ExceptionReporter(debug.ExceptionReporter):
    """Django's debug page without the values of variables, and only for clients on this machine.

    Client errors, such as an unknown Host, get the same page as in production.
    """

    def get_traceback_data(self):
        data = super().get_traceback_data()
        for frame in data["frames"]:
            frame["vars"] = []
        return data | HIDDEN

    def get_traceback_html(self):
        return super().get_traceback_html() if self.is_for_developer() else self.page()

    def get_traceback_text(self):
        return super().get_traceback_text() if self.is_for_developer() else f"{self.title()}\n"

    def is_for_developer(self):
        return not self.is_client_error() and is_local(self.request)

    def is_client_error(self):
        return isinstance(self.exc_value, (BadRequest, SuspiciousOperation))

    def title(self):
        return "Bad Request (400)" if self.is_client_error() else "Server Error (500)"

    def page(self):
        return ERROR_PAGE_TEMPLATE % {"title": self.title(), "details": ""}


def is_local(request):
    """Return whether the client is on this machine, and not a proxy that forwards requests of others."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_loopback and "HTTP_X_FORWARDED_FOR" not in request.META
