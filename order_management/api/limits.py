"""Limits on the target and body of every request, under WSGI and ASGI alike."""

import re
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse, JsonResponse, UnreadablePostError
from django.utils.encoding import iri_to_uri

from ..exceptions import error_body

# Bytes, percent-encoded. Redirects and links repeat the target, and no response header may grow past 32 kB.
PATH_MAX_BYTES = 1000
QUERY_MAX_BYTES = 4000
HOST_MAX_BYTES = 255
DRAIN_MAX_BYTES = 16 * 1024 * 1024


def limit_request(get_response):
    """Refuse a request whose target or body exceeds a limit, before anything else reads it."""

    def middleware(request):
        return refuse_target(request) or refuse_body(request) or refuse_truncated_body(request) or get_response(request)

    return middleware


def refuse_target(request):
    """Return the response that refuses a request target that is too long or not a path, or None."""
    # It may also be `*` or a URL (RFC 9112, 3.2).
    if not request.path_info.startswith("/") or is_longer(request.path, PATH_MAX_BYTES):
        return refuse(request, 404, "There is nothing at this path.")
    if len(request.META.get("HTTP_HOST", "")) > HOST_MAX_BYTES:
        raise DisallowedHost("The Host header is too long.")
    if is_longer(request.META.get("QUERY_STRING", ""), QUERY_MAX_BYTES):
        return refuse(request, 414, f"The query may have up to {QUERY_MAX_BYTES} bytes.")
    return None


def is_longer(text, limit):
    """Return whether a string has more bytes than the limit when percent-encoded."""
    return len(text) > limit or (3 * len(text) > limit and len(iri_to_uri(text)) > limit)


def refuse_body(request):
    """Return the response that refuses a body that is too large, of unknown length or encoded, or None."""
    if "HTTP_TRANSFER_ENCODING" in request.META or has_unannounced_body(request.META):
        # In WSGI a chunked body has no length, and Django would read it as empty.
        return refuse(request, 411, "Send the body with a Content-Length, not in chunks.")
    length, limit = content_length(request), body_limit(request)
    if length is None:
        return refuse(request, 400, "Content-Length must be a number.")
    if length > limit:
        return refuse(request, 413, f"The body may have up to {limit} bytes.")
    if length and is_api(request) and is_encoded(request):
        detail = "Send the body uncompressed, without a Content-Encoding."
        return refuse(request, 415, detail, **{"Accept-Encoding": "identity"})  # RFC 9110, 12.5.3
    return None


def has_unannounced_body(meta):
    """Return whether a body follows without a Content-Length, as HTTP/2 allows."""
    if meta.get("SERVER_PROTOCOL") != "HTTP/2" or "CONTENT_LENGTH" in meta or "wsgi.input" not in meta:
        return False
    return meta["wsgi.input"].read(1) != b""


def refuse_truncated_body(request):
    """Read the whole body, so that nothing waits for the client later.

    Return the response that refuses a truncated body, or None.
    """
    with suppress(UnreadablePostError):
        if len(request.body) == content_length(request):
            return None
    seconds = settings.BODY_TIMEOUT.total_seconds()
    return refuse(request, 400, f"The body is incomplete: it ended early or took longer than {seconds:g} seconds.")


def content_length(request):
    """Return the Content-Length, 0 without one, or None if it is not a number."""
    text = request.META.get("CONTENT_LENGTH") or "0"
    # Python's int() also accepts signs, spaces and non-ASCII digits, and raises for thousands of digits.
    return int(text) if re.fullmatch("[0-9]{1,100}", text) else None


def body_limit(request):
    """Return the maximum size of a request's body in bytes."""
    # Only file uploads are large. Django would decode a form of that size in memory, before it knows the caller.
    if not is_api(request) and request.content_type != "multipart/form-data":
        return settings.BODY_MAX_BYTES[""]
    return next(limit for start, limit in settings.BODY_MAX_BYTES.items() if request.path_info.startswith(start))


def is_encoded(request):
    codings = request.META.get("HTTP_CONTENT_ENCODING", "").lower().split(",")
    return not {coding.strip() for coding in codings} <= {"", "identity"}


def is_api(request):
    return f"{request.path_info.lstrip('/')}/".startswith("api/")


def refuse(request, status, detail, code=None, **headers):
    """Return an error response: JSON under /api/, plain text elsewhere."""
    if is_api(request):
        response = JsonResponse(error_body(status, detail, code), status=status, headers=headers)
    else:
        response = HttpResponse(f"{detail}\n", "text/plain; charset=utf-8", status, headers=headers)
    response.headers["Content-Length"] = str(len(response.content))
    return response


def drain_body(get_response):
    """Read the rest of an unread body before responding, so that the connection can be reused.

    Otherwise the server closes it while the client is still sending, and the client never sees the response.
    """

    def middleware(request):
        response = get_response(request)
        if not hasattr(request, "_body"):
            drain(request, response)
        return response

    return middleware


def drain(request, response):
    stream, drained = request, 0
    if request.META.get("wsgi.input_terminated"):
        stream = request.META["wsgi.input"]
    elif has_no_length(request):
        # Without a Content-Length runserver closes the connection, and does not read the body as the next request.
        del response.headers["Content-Length"]
        return
    with suppress(OSError):  # The client has disconnected.
        while drained < DRAIN_MAX_BYTES and (chunk := stream.read(65536)):
            drained += len(chunk)


def has_no_length(request):
    return "HTTP_TRANSFER_ENCODING" in request.META or content_length(request) is None
