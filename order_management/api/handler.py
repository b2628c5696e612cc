import logging

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, TooManyFieldsSent, ValidationError
from django.db import DatabaseError
from django.http import Http404
from rest_framework import exceptions, serializers, views
from rest_framework.response import Response

from ..db.errors import DATABASE_ERRORS
from ..exceptions import Conflict
from ..ops import metrics
from .conditional import PreconditionFailed

# How a call may end if its caller is deleted or locked out during it: foreign keys are checked at the commit,
# `save(update_fields=...)` updates no row, and services find no user, or one who is no longer allowed to do it.
# In the second line: other refusals after authentication; the caller may have been deleted before them.
MAY_BE_GONE = (
    *(DatabaseError, ObjectDoesNotExist, Http404, PermissionDenied, ValidationError),
    *(Conflict, PreconditionFailed, exceptions.Throttled),
)

# Our own sentences are shorter: a longer one repeats the input.
SENTENCE_MAX = 300

logger = logging.getLogger(__name__)


class DatabaseAway(exceptions.APIException):
    status_code = 503
    default_code = "database_away"
    default_detail = "The database is not available. Try again."
    wait = 5  # seconds; DRF sends it as Retry-After


def exception_handler(error, context):
    """Turn an exception into the answer DRF's callers know: `{"detail": "..."}` or `{"field": ["..."]}`."""
    if isinstance(error, MAY_BE_GONE) and not isinstance(error, DATABASE_ERRORS):
        error = authenticate_again(context["request"], error)
    if isinstance(error, Conflict):
        metrics.conflicts.count(type(error).__name__)
        return Response(error.body, status=error.status)
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(serializers.as_serializer_error(error))
    if isinstance(error, TooManyFieldsSent):
        error = exceptions.ParseError("There are too many query parameters.")
    if isinstance(error, exceptions.MethodNotAllowed):
        # DRF's own sentence repeats the method, whatever it is.
        error = exceptions.MethodNotAllowed("", "This method is not allowed.")
    if isinstance(error, DATABASE_ERRORS):
        logger.error("The database is not available.", exc_info=error)
        error = DatabaseAway()
    response = views.exception_handler(error, context)
    if response is not None:
        response.data = shortened(response.data)
    return response


def shortened(data):
    """Return the body of an error with long sentences cut in the middle, so that it does not echo the input."""
    if isinstance(data, dict):
        return {name: shortened(value) for name, value in data.items()}
    if isinstance(data, list):
        return [shortened(value) for value in data]
    text = str(data)
    return data if len(text) <= SENTENCE_MAX else f"{text[:20]}...{text[-20:]}"


def authenticate_again(request, error):
    """Return why the caller may no longer call (401), or the error if they still may."""
    authenticator = request.successful_authenticator
    try:
        if authenticator:
            authenticator.authenticate(request)
    except DATABASE_ERRORS as away:
        return away
    except exceptions.AuthenticationFailed as refusal:
        # DRF adds this to what a view raises, before it calls the handler.
        refusal.auth_header = authenticator.authenticate_header(request)
        return refusal
    return error
