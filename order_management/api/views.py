"""The root, the OpenAPI document, built once per process, and the response to paths that do not exist."""

import gzip
import re
from functools import cache
from threading import Lock

from django.conf import settings
from django.http import HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.urls import resolve
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from ..exceptions import error_body
from .conditional import etag_of
from .openapi import api_root
from .strict import StrictMixin

ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
HEADERS = {
    "Cache-Control": "public, no-cache",
    "Content-Disposition": 'inline; filename="Order Management.json"',
    "Vary": "Accept-Encoding",
}

PATH_MAX = 200  # An error does not repeat a longer path.

# The paths that the root lists.
PATHS = {
    "docs": "/api/docs/",
    "schema": "/api/schema/",
    "login": "/api/login/",
    "register": "/api/accounts/register/",
    "products": "/api/products/",
    "orders": "/api/orders/",
    "events": "/api/orders/events/",
    "stock": "/api/products/stock/",
    "reports": "/api/reports/sales/",
}


class Root(StrictMixin, APIView):
    """The URLs to start from, by name."""

    authentication_classes = []
    permission_classes = []

    @api_root(PATHS)
    def get(self, request):
        urls = {name: request.build_absolute_uri(path) for name, path in PATHS.items()}
        return Response(urls | {"version": settings.SPECTACULAR_SETTINGS["VERSION"]})


class Schema(StrictMixin, SpectacularJSONAPIView):
    """drf-spectacular's view, without the parameters that select a different document."""

    renderer_classes = [OpenApiJsonRenderer2]

    @extend_schema(exclude=True)
    def get(self, request):
        content, compressed, etag = self.document()
        response = HttpResponse(content, content_type="application/json", headers=HEADERS | {"ETag": etag})
        if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
            response.content = compressed
            # Weak, as in Django's GZipMiddleware, because the bytes differ.
            response.headers["Content-Encoding"], response.headers["ETag"] = "gzip", f"W/{etag}"
        return get_conditional_response(request, etag=response["ETag"], response=response)

    def document(self):
        """Return the document as JSON, a compressed copy, and its ETag."""
        # Concurrent first calls wait for one build.
        with lock:
            return build(self.generator_class)


lock = Lock()


@cache
def build(generator_class):
    content = OpenApiJsonRenderer2().render(generator_class().get_schema(public=True), renderer_context={})
    return content, gzip.compress(content, mtime=0), etag_of(content)


@csrf_exempt
def not_found(request):
    """Respond to a path without a view: redirect if only the slash is missing, else 404 in JSON."""
    path = request.path_info + "/"
    if request.path_info.endswith("/") or resolve(path).func is not_found:
        return JsonResponse(error_body(404, "There is nothing at this path."), status=404)
    if request.method in ("GET", "HEAD"):
        # Like Django's APPEND_SLASH, but without its error for other methods.
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    named = f": {path}" if len(path) <= PATH_MAX else "."
    return JsonResponse(error_body(404, f"Paths end in a slash{named}"), status=404)
