"""`/api/schema/`: the OpenAPI document, built once per process."""

import gzip
import re
from functools import cache
from threading import Lock

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView

from .conditional import etag_of

ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
HEADERS = {
    "Cache-Control": "public, no-cache",
    "Content-Disposition": 'inline; filename="Order Management.json"',
    "Vary": "Accept-Encoding",
}


class Schema(SpectacularJSONAPIView):
    """drf-spectacular's view, without the parameters that make it build a different document."""

    renderer_classes = [OpenApiJsonRenderer2]

    @extend_schema(exclude=True)
    def get(self, request):
        content, compressed, etag = self.document()
        response = HttpResponse(content, content_type="application/json", headers=HEADERS | {"ETag": etag})
        if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
            response.content = compressed
            # Weak, as Django's GZipMiddleware makes it: the bytes differ.
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
