"""503 with Retry-After while the database is unavailable. For DRF's views the exception handler does the same."""

import logging

from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpResponse

from ..db.errors import DATABASE_ERRORS
from .handler import DatabaseUnavailable

logger = logging.getLogger(__name__)


class DatabaseErrorMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        return unavailable(error) if isinstance(error, DATABASE_ERRORS) else None


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's SessionMiddleware. It saves the session after the view, outside the reach of `process_exception`."""

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except DATABASE_ERRORS as error:
            return unavailable(error)


def unavailable(error):
    logger.error("The database is not available.", exc_info=error)
    headers = {"Retry-After": str(DatabaseUnavailable.wait), "Cache-Control": "no-store"}
    return HttpResponse(DatabaseUnavailable.default_detail, status=DatabaseUnavailable.status_code, headers=headers)
