import logging

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, TooManyFieldsSent, ValidationError
from django.db import DatabaseError
from django.http import Http404
from rest_framework import exceptions, serializers, views
from rest_framework.response import Response

from ..db.errors import DATABASE_ERRORS
from ..exceptions import Code, Conflict
from ..ops import metrics
from .conditional import PreconditionFailed

# How a call may fail if its caller is deleted or locked out while it runs: foreign keys are checked at the commit,
# `save(update_fields=...)` updates no row, and services find no user, or one without the permission.
# The second line has refusals that do not depend on the caller, who may still have been deleted before them: 401 wins.
CALLER_MAY_BE_GONE = (
    *(DatabaseError, ObjectDoesNotExist, Http404, PermissionDenied, ValidationError),
    *(Conflict, PreconditionFailed, exceptions.Throttled),
)

WRONG_METHOD = "This method is not allowed."
# The project's own messages are shorter: a longer one repeats the input.
MESSAGE_MAX = 300

logger = logging.getLogger(__name__)


class DatabaseUnavailable(exceptions.APIException):
    status_code = 503
    default_code = Code.UNAVAILABLE
    default_detail = "The database is not available. Try again."
    wait = 5  # seconds; DRF sends it as Retry-After


def exception_handler(error, context):
    """Turn an exception into a response of DRF's shape: `{"detail": "...", "code": "..."}` or `{"field": ["..."]}`."""
    if isinstance(error, CALLER_MAY_BE_GONE) and not isinstance(error, DATABASE_ERRORS):
        error = authenticate_again(context["request"], error)
    if isinstance(error, Conflict):
        metrics.conflicts.count(type(error).__name__)
        return Response(error.body, status=error.status)
    if isinstance(error, DATABASE_ERRORS):
        logger.error("The database is not available.", exc_info=error)
    response = views.exception_handler(as_drf_error(error, context), context)
    if response is not None:
        response.data = truncated(with_code(response.data))
    return response


def as_drf_error(error, context):
    """Return DRF's exception for one of Django's, or the error itself."""
    match error:
        case ValidationError():
            return exceptions.ValidationError(serializers.as_serializer_error(error))
        case TooManyFieldsSent():
            return exceptions.ParseError("There are too many query parameters.")
        case exceptions.MethodNotAllowed():
            return exceptions.MethodNotAllowed("", wrong_method(context["request"].method, context["view"]))
    return DatabaseUnavailable() if isinstance(error, DATABASE_ERRORS) else error


def wrong_method(method, view):
    """Return the detail of a 405. A view's `elsewhere` maps methods to the paths that have them.

    DRF's message repeats the method, whatever was sent.
    """
    path = getattr(view, "elsewhere", {}).get(method)
    return f"This method is not allowed. Use {method} {path.format(**view.kwargs)}" if path else WRONG_METHOD


def with_code(data):
    """Return `detail` with the code that DRF or SimpleJWT gave it, without other keys; errors by field as they are."""
    detail = data.get("detail") if isinstance(data, dict) else None
    return {"detail": detail, "code": detail.code} if isinstance(detail, exceptions.ErrorDetail) else data


def truncated(data):
    """Return the body of an error with long messages cut in the middle, so that it does not echo the input."""
    if isinstance(data, dict):
        return {name: truncated(value) for name, value in data.items()}
    if isinstance(data, list):
        return [truncated(value) for value in data]
    text = str(data)
    return data if len(text) <= MESSAGE_MAX else f"{text[:20]}...{text[-20:]}"


def authenticate_again(request, error):
    """Return the error, or the reason why the caller may no longer call (401)."""
    authenticator = request.successful_authenticator
    try:
        if authenticator:
            authenticator.authenticate(request)
    except DATABASE_ERRORS as database_error:
        return database_error
    except exceptions.AuthenticationFailed as refusal:
        # DRF adds this to a view's own exceptions, before it calls the handler.
        refusal.auth_header = authenticator.authenticate_header(request)
        return refusal
    return error
