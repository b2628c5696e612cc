"""What holds for every call, whoever answers it."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse

from . import views
from .renderers import JSONRenderer

DRAIN_MAX_BYTES = 16 * 1024 * 1024


def json_errors(get_response):
    """Answer every error in JSON, in DEBUG too; outermost, so that Django's own error pages pass it."""

    def middleware(request):
        response = get_response(request)
        if not request.path_info.startswith("/api/"):
            return response
        if response.status_code >= 400 and not response.get("Content-Type", "").startswith("application/json"):
            fill(response, f"{HTTPStatus(response.status_code).phrase}.")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def health_checks(get_response):
    """Answer the health checks under any Host: a load balancer asks by address."""
    checks = {"/healthz/": views.healthz, "/readyz/": views.readyz}

    def middleware(request):
        return checks.get(request.path_info, get_response)(request)

    return middleware


def read_body(get_response):
    """Read the body whole, or refuse it: too large (413) or of unknown length (411).

    Also where nobody needs it: a server hangs up on a client that is still sending, and the answer would be lost.
    """

    def middleware(request):
        if request.path_info.startswith("/api/"):
            if "HTTP_TRANSFER_ENCODING" in request.META:
                # WSGI gives no length to a body in chunks, and Django would take it for empty.
                return refuse(request, 411, "Send the body with a Content-Length, not in chunks.")
            length = request.META.get("CONTENT_LENGTH") or "0"
            if not length.isdecimal():
                return refuse(request, 400, "Content-Length must be a number.")
            # Python reads no number of thousands of digits.
            if int(length[:20]) > settings.API_BODY_MAX_BYTES:
                return refuse(request, 413, f"The body may have up to {settings.API_BODY_MAX_BYTES} bytes.")
            request.body  # noqa: B018
        return get_response(request)

    return middleware


def refuse(request, status, detail):
    stream = request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else request
    drained = 0
    while drained < DRAIN_MAX_BYTES and (chunk := stream.read(65536)):
        drained += len(chunk)
    # Without a Content-Length runserver closes the connection, and takes no rest of the body for the next request.
    return fill(HttpResponse(status=status), detail)


def fill(response, detail):
    response.content = JSONRenderer().render({"detail": detail})
    response.headers["Content-Type"] = JSONRenderer.media_type
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
    return response
