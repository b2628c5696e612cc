"""Middleware for every response, including those of middleware and Django's error pages."""

import re
from http import HTTPStatus

import orjson
from corsheaders import middleware as cors
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed

from ..exceptions import Code, error_body
from ..ops import metrics
from .json import JSONRenderer
from .limits import is_api, refuse

# What a page may load and do, by path prefix: the first match counts. CSP Level 3, W3C.
OWN_FILES = "default-src 'none'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
CONTENT_SECURITY_POLICIES = {
    "/api/docs/": f"script-src 'self'; style-src 'self'; {OWN_FILES}; form-action 'none'",
    # Alpine, in django-unfold, compiles code from HTML attributes and sets styles.
    "/admin/": "script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    f"{OWN_FILES}; form-action 'self'",
    "": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
# Django's middleware also sets these, but not on requests that are refused before they reach it.
EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY"}
SECURITY_HEADERS = [
    (path, EVERYWHERE | {"Content-Security-Policy": policy}) for path, policy in CONTENT_SECURITY_POLICIES.items()
]


def security_headers(get_response):
    """Add headers that forbid browsers everything that a response does not need."""

    def middleware(request):
        response = get_response(request)
        headers = next(headers for path, headers in SECURITY_HEADERS if request.path_info.startswith(path))
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def json_errors(get_response):
    """Turn every error under /api/ into JSON, also with DEBUG on. It wraps Django's middleware and its error pages."""

    def middleware(request):
        response = get_response(request)
        if not is_api(request):
            return response
        if response.status_code >= 400:
            if not response.get("Content-Type", "").startswith("application/json"):
                set_detail(response, f"{HTTPStatus(response.status_code).phrase}.")
            count_error(response)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def require_https(get_response):
    """Refuse a call over plain HTTP (403) before any other check, if HTTPS is on.

    A redirect would hide that a password or token has been sent unencrypted. Refusing CORS preflights as well keeps
    browsers from sending it.
    """
    call = re.compile(settings.API_CALLS)
    corsheaders = cors.CorsMiddleware(get_response)

    def middleware(request):
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and call.match(request.path.lstrip("/")):
            request.get_host()  # an unknown host is still a 400
            refusal = refuse(request, 403, "Send this call over HTTPS.", Code.HTTPS_REQUIRED)
            return corsheaders.add_response_headers(request, refusal) if settings.CORS_ALLOWED_ORIGINS else refusal
        return get_response(request)

    return middleware


class CorsMiddleware(cors.CorsMiddleware):
    """Let pages of other origins call the API; do nothing without CORS_ALLOWED_ORIGINS."""

    def __init__(self, get_response):
        if not settings.CORS_ALLOWED_ORIGINS:
            raise MiddlewareNotUsed
        super().__init__(get_response)


def skip_page_middleware(get_response):
    """Hand calls directly to their view: the middleware inside this one (sessions, CSRF and so on) is for pages.

    For a small call, that middleware would take about 5 % of the CPU.
    """
    call, call_view = re.compile(settings.API_CALLS), innermost(get_response)

    def middleware(request):
        if not call.match(request.path_info.lstrip("/")):
            return get_response(request)
        # The rest of Django's CommonMiddleware.
        request.get_host()  # an unknown host is a 400
        response = call_view(request)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    return middleware


def innermost(get_response):
    """Return the handler behind all middleware. Django wraps each in a function, and each has a `get_response`."""
    while hasattr(getattr(get_response, "__wrapped__", None), "get_response"):
        get_response = get_response.__wrapped__.get_response
    return get_response


def set_detail(response, detail):
    response.content = JSONRenderer().render(error_body(response.status_code, detail))
    response.headers["Content-Type"] = JSONRenderer.media_type
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))
    return response


def count_error(response):
    """Count an error by its code. Errors by field have none; a field called `code` has a list of messages."""
    body = orjson.loads(response.content)
    if isinstance(body, dict) and isinstance(body.get("code"), str):
        metrics.errors.count(body["code"])
