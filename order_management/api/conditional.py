"""Conditional requests (RFC 9110, section 13) on a product, an order or a list."""

from hashlib import sha256

from django.http import HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.exceptions import APIException

from ..exceptions import Code
from .json import JSONRenderer

# The headers that a 304 repeats (RFC 9110, section 15.4.5).
NOT_MODIFIED_HEADERS = ["Cache-Control", "ETag", "Vary"]


class PreconditionFailed(APIException):
    status_code = 412
    default_code = Code.PRECONDITION_FAILED
    default_detail = "It has changed since: the ETag in If-Match is not the current one."


def mismatch_detail(tags):
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


def etag_of(content, headers=""):
    """Return the strong ETag of a rendered body and of the headers that describe a list."""
    return f'"{sha256(content + headers.encode()).hexdigest()[:32]}"'


def matches(tag, if_none_match):
    """Return whether an If-None-Match header, or None, names the ETag."""
    if if_none_match is None:
        return False
    return not {tag, "*"}.isdisjoint(known.removeprefix("W/") for known in parse_etags(if_none_match))


class ConditionalMixin:
    """Adds an ETag to answers; answers 304 to a GET with a matching `If-None-Match`; `check_if_match` is for changes.

    Answers depend on who asks, and must be revalidated before they are used again.
    """

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Authorization, Prefer"
        if response.status_code not in (200, 201) or request.method in ("DELETE", "OPTIONS"):
            return response
        # `about_list` has the headers of a list that its ETag covers; the paginator sets it.
        tag = response.headers["ETag"] = etag_of(response.render().content, getattr(response, "about_list", ""))
        if request.method in ("GET", "HEAD") and matches(tag, request.META.get("HTTP_IF_NONE_MATCH")):
            return HttpResponseNotModified(
                headers={name: response[name] for name in NOT_MODIFIED_HEADERS if name in response}
            )
        return response

    def check_if_match(self, instance):
        """Raise PreconditionFailed unless `If-Match` names the current state of the instance; without one do nothing.

        Call it while the instance is locked, so that nobody else can change it.
        """
        header = self.request.META.get("HTTP_IF_MATCH")
        if header is None or header.strip() == "*":
            return
        tags = parse_etags(header)
        if etag_of(JSONRenderer().render(self.get_serializer(instance).data)) not in tags:
            raise PreconditionFailed(mismatch_detail(tags))
