"""`Prefer: handling=strict` (RFC 7240): unknown names are refused (400) instead of ignored."""

from difflib import get_close_matches
from itertools import islice

from rest_framework.exceptions import ValidationError

from .prefer import honor

NAMES_MAX = 20
NAME_LENGTH_MAX = 100


class StrictMixin:
    """Adds `request.strict`, and refuses unknown query parameters. Serializers refuse unknown fields."""

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        # Directly from Django's request, because DRF's looks up every attribute in itself first.
        is_strict = "HTTP_PREFER" in request._request.META and honor(request, "handling", "strict")
        request.strict = Strict() if is_strict else None
        # Any other method gets a 405.
        if is_strict and request.query_params and request.method in self.allowed_methods:
            errors = request.strict.errors("parameter", request.query_params, query_parameters(self))
            if errors:
                raise ValidationError(errors)


def query_parameters(view):
    """Return the names of the query parameters of a call: filters, pages, and the fields of its query serializer."""
    names = set()
    if view.request.method not in ("GET", "HEAD"):
        return names
    if filterset := getattr(view, "filterset_class", None):
        names |= filterset.base_filters.keys()
    if paginator := getattr(view, "paginator", None):
        parameters = paginator.get_schema_operation_parameters(view)
        names |= {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    if serializer := getattr(view, "query_serializer_class", None):
        names |= serializer().fields.keys()
    return names


class Strict:
    """Finds unknown names in a request: at most 20 in all, so that the response stays small."""

    def __init__(self):
        self.left = NAMES_MAX

    def errors(self, kind, names, known):
        """Return error messages for unknown names, by name; `kind` is "parameter" or "field"."""
        unknown = list(islice((name for name in names if name not in known), self.left))
        self.left -= len(unknown)
        return {name[:NAME_LENGTH_MAX]: [message(kind, name[:NAME_LENGTH_MAX], known)] for name in unknown}


def message(kind, name, known):
    nearest = get_close_matches(name, known, n=1)
    return f"There is no such {kind}." + "".join(f" Did you mean {known_name}?" for known_name in nearest)
