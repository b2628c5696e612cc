import logging

from django.db import InterfaceError, OperationalError
from rest_framework import views
from rest_framework.exceptions import APIException

logger = logging.getLogger(__name__)


class DatabaseAway(APIException):
    status_code = 503
    default_code = "database_away"
    default_detail = "The database is not available. Try again."
    wait = 5  # seconds; DRF sends it as Retry-After


def exception_handler(error, context):
    """Turn an exception into the answer DRF's callers know: `{"detail": "..."}` or `{"field": ["..."]}`."""
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("The database is not available.", exc_info=error)
        error = DatabaseAway()
    return views.exception_handler(error, context)
