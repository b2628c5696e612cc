"""Conditional requests (RFC 9110, section 13) on a product, an order or a list."""

from hashlib import sha256

from django.http import HttpResponseNotModified
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from rest_framework.exceptions import APIException

from .json import JSONRenderer

# What a 304 says of the answer that the client has (RFC 9110, section 15.4.5).
KEPT = ["Cache-Control", "ETag", "Vary"]


class PreconditionFailed(APIException):
    status_code = 412
    default_code = "precondition_failed"
    default_detail = "It has changed since: the ETag in If-Match is not the current one."


def why_none_matches(tags):
    """Return the detail for an If-Match with these ETags, or None if they are simply out of date.

    If-Match uses the strong comparison (RFC 9110, section 13.1.1), so a weak ETag never matches.
    """
    if not tags:
        return "If-Match contains no ETag. Send one exactly as you received it, including the quotation marks."
    if any(tag.startswith("W/") for tag in tags):
        return (
            "If-Match needs a strong ETag, but W/ marks a weak one. A proxy that compresses responses makes their "
            "ETags weak: read again with Accept-Encoding: identity."
        )
    return None


def etag_of(content, link=""):
    """Return the strong ETag of a rendered body and its Link header."""
    return quote_etag(sha256(content + link.encode()).hexdigest()[:32])


class ConditionalMixin:
    """Answers carry an ETag; `If-None-Match` of a GET gives 304, and `check_if_match` honours `If-Match`.

    They depend on who asks, and may be kept only to be asked for again.
    """

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Authorization"])
        if response.status_code == 200 and request.method not in ("DELETE", "OPTIONS"):
            response.add_post_render_callback(lambda rendered: self.tag(request, rendered))
        return response

    def tag(self, request, response):
        tag = response.headers["ETag"] = etag_of(response.content, response.get("Link", ""))
        known = {known.removeprefix("W/") for known in parse_etags(request.headers.get("If-None-Match", ""))}
        if request.method in ("GET", "HEAD") and known & {tag, "*"}:
            return HttpResponseNotModified(headers={name: response[name] for name in KEPT if name in response})
        return response

    def check_if_match(self, instance):
        """Raise PreconditionFailed if the request's `If-Match` does not name what the instance is now.

        Call it where nobody else can change the instance: under the lock that protects the change.
        """
        header = self.request.headers.get("If-Match")
        if header is None or header.strip() == "*":
            return
        tags = parse_etags(header)
        if etag_of(JSONRenderer().render(self.get_serializer(instance).data)) not in tags:
            raise PreconditionFailed(why_none_matches(tags))
