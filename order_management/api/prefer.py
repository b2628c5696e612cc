"""The headers `Prefer` and `Preference-Applied` (RFC 7240)."""

from functools import lru_cache
from urllib.request import parse_http_list

LENGTH_MAX = 4000  # of the header; what comes after that is ignored


def preferences(request):
    """Return the preferences of a request, by name: `{"count": "exact", "respond-async": ""}`.

    Names and values are in lower case, without parameters. If a name occurs twice, the first one counts.
    """
    return parse(request.META.get("HTTP_PREFER", "")[:LENGTH_MAX])


# A program sends the same header with every call.
@lru_cache(maxsize=100)
def parse(header):
    values = {}
    for preference in parse_http_list(header):
        name, _, value = preference.partition(";")[0].partition("=")
        values.setdefault(name.strip().lower(), value.strip().strip('"').lower())
    return values


def honor(request, name, value):
    """Return whether a request prefers this value. If so, the response says that it was applied."""
    if preferences(request).get(name) != value:
        return False
    applied(request)[f"{name}={value}"] = True
    return True


def applied(request):
    """Return the preferences applied so far, as the keys of a dict, in order."""
    # DRF's request wraps Django's, which the middleware sees.
    return getattr(request, "_request", request).__dict__.setdefault("preferences_applied", {})


def preferences_applied(get_response):
    """Add `Preference-Applied` with every preference that was applied."""

    def middleware(request):
        response = get_response(request)
        if "preferences_applied" in request.__dict__:
            response.headers["Preference-Applied"] = ", ".join(applied(request))
        return response

    return middleware
