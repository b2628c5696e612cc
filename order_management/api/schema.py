"""The OpenAPI schema: what drf-spectacular cannot read off the views."""

from decimal import Decimal
from types import SimpleNamespace

from drf_spectacular import openapi
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework_simplejwt.views import TokenViewBase

from accounts.models import User

from .conditional import ConditionalMixin

DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
FIELD_ERRORS = {
    "type": "object",
    "description": "The sentences that say what is wrong, by field; in the items of a list by position, then by field.",
    "additionalProperties": {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"$ref": "#/components/schemas/FieldErrors"},
        ]
    },
}
TEXT = {"schema": {"type": "string"}}

IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags; if one is still current, 304 and no body.",
    **TEXT,
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "ETags, or `*`; if none is current, 412 and nothing changes.",
    **TEXT,
}
LINK = {"description": 'The neighbouring pages (RFC 8288): `rel="next"` and `rel="prev"`.', **TEXT}

# What a call answers with beside what its view says: description and example.
ERRORS = {
    401: ("No token, or one that is not valid (any more).", "Token is invalid or expired."),
    403: ("The role does not allow it, or the call was made over plain HTTP.", "Send this call over HTTPS."),
    404: ("Not there.", "No {model} matches the given query."),
    411: ("The body came in chunks.", "Send the body with a Content-Length, not in chunks."),
    412: ("`If-Match` names another state.", "It has changed since: the ETag in If-Match is not the current one."),
    413: ("The body is over 1 MB.", "The body may have up to 1048576 bytes."),
    414: ("The query is over 4000 bytes.", "The query may have up to 4000 bytes."),
    415: ("The body is not JSON.", "Send the body as application/json in UTF-8."),
    503: ("The database is away.", "The database is not available. Try again."),
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
ERROR_HEADERS = {
    "401": {"WWW-Authenticate": {"description": 'Always `Bearer realm="api"`.', **TEXT}},
    "429": RETRY_AFTER,
    "503": RETRY_AFTER,
}


class AutoSchema(openapi.AutoSchema):
    """Adds to every operation the errors it can answer with, and the headers of conditional requests."""

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        # Views that share a class differ in the last word of their path.
        step = path.rstrip("/").rpartition("/")[2]
        operation |= {name: operation[name].format(step=step) for name in ("operationId", "summary")}
        responses = operation["responses"]
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path":
                parameter["example"] = 1  # Swagger UI fills it in.
        if isinstance(self.view, ConditionalMixin):
            self.add_conditions(operation)
        if method == "GET" and hasattr(self.view, "orderings"):
            responses["200"].setdefault("headers", {})["Link"] = LINK
        if "requestBody" in operation or any(p["in"] == "query" for p in operation.get("parameters", [])):
            responses["400"] = self.bad_input()
        for status in self.errors(operation):
            responses.setdefault(str(status), self.error(status))
        for status in ERROR_HEADERS.keys() & responses.keys():
            responses[status]["headers"] = ERROR_HEADERS[status]
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _get_serializer_field_meta(self, field, direction):
        # Client generators such as openapi-typescript treat a field with a default as always sent.
        meta = super()._get_serializer_field_meta(field, direction)
        meta.pop("default", None)
        return meta

    def _postprocess_serializer_schema(self, schema, serializer, direction):
        # An answer always has every field, even one that a request may leave out.
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        return schema | {"required": sorted(schema["properties"])} if direction == "response" else schema

    def errors(self, operation):
        """Yield the statuses that follow from what kind of call it is."""
        if "requestBody" in operation:
            yield from (411, 413, 415)
        if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
            yield 414
        if self.view.get_authenticators() or isinstance(self.view, TokenViewBase):
            yield 401
        if "{" in self.path:
            yield 404
        if any(p["name"] == "If-Match" for p in operation.get("parameters", [])):
            yield 412
        yield from (403, 503)

    def open_to_customers(self):
        request = SimpleNamespace(user=User(), method=self.method)
        allowed = all(permission.has_permission(request, self.view) for permission in self.view.get_permissions())
        filters = getattr(self.view, "filterset_class", None) if self.method == "GET" else None
        return allowed and not getattr(filters, "admin_only", ())

    def add_conditions(self, operation):
        parameters = operation.setdefault("parameters", [])
        headers = {}
        if self.method != "DELETE":
            headers["ETag"] = {"description": "What `If-Match` and `If-None-Match` compare with.", **TEXT}
        if self.method == "GET":
            parameters.append(IF_NONE_MATCH)
            operation["responses"]["304"] = {"description": "Not changed since.", "headers": dict(headers)}
        if self.method in ("PUT", "PATCH", "DELETE"):
            parameters.append(IF_MATCH)
        if headers and "200" in operation["responses"]:
            operation["responses"]["200"]["headers"] = headers

    def bad_input(self):
        schema = {"oneOf": [self.component("Error", DETAIL), self.component("FieldErrors", FIELD_ERRORS)]}
        example = {"detail": "The body is not valid JSON: unexpected end of data: line 1 column 1 (char 0)."}
        return response("What is wrong with what was sent.", schema, example)

    def error(self, status):
        description, detail = ERRORS[status]
        model = getattr(self.view, "queryset", None) is not None and self.view.queryset.model._meta.object_name
        if status == 403 and self.view.get_authenticators() and not self.open_to_customers():
            detail = "Only an Admin may do this."
        return response(description, self.component("Error", DETAIL), {"detail": detail.format(model=model)})

    def component(self, name, schema):
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        self.registry.register_on_missing(component)
        return component.ref


def response(description, schema, example):
    return {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}


def message(text):
    """Return the documentation of an answer `{"message": text}`."""
    schema = {"type": "object", "properties": {"message": {"type": "string", "const": text}}, "required": ["message"]}
    return OpenApiResponse(schema, "Done.", [OpenApiExample("Answer", {"message": text})])


def error(description, detail):
    """Return the documentation of an answer `{"detail": ...}`."""
    return OpenApiResponse(DETAIL, description, [OpenApiExample("Answer", {"detail": detail})])


def conflict(detail, properties=None, description="The state does not allow it.", **example):
    """Return the documentation of a Conflict; `properties` are the schemas of what it has beside `detail`."""
    properties = {"detail": {"type": "string"}, **(properties or {})}
    schema = {"type": "object", "properties": properties, "required": ["detail"]}
    return OpenApiResponse(schema, description, [OpenApiExample(detail, {"detail": detail, **example})])


def request_example(value, name="Request"):
    return OpenApiExample(name, value, request_only=True)


def response_example(value, status=200):
    return OpenApiExample("Answer", value, response_only=True, status_codes=[str(status)])


class BearerScheme(SimpleJWTScheme):
    target_class = "accounts.authentication.JWTAuthentication"
    name = "Bearer"


class MoneyFieldExtension(OpenApiSerializerFieldExtension):
    target_class = "order_management.api.fields.MoneyField"

    def map_serializer_field(self, auto_schema, direction):
        digits = self.target.max_digits - 2
        if direction == "response":
            return {"type": "string", "pattern": rf"^[0-9]{{1,{digits}}}\.[0-9]{{2}}$"}
        maximum = float(self.target.max_value)
        return {
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": maximum},
                {"type": "string", "pattern": rf"^[0-9]{{1,{digits}}}(\.([0-9]|[0-9]{{2}}0*))?$"},
            ],
            "description": f"At most two decimal places, not counting trailing zeros; up to {self.target.max_value}.",
        }


class BoundedFilterExtension(DjangoFilterExtension):
    """Shows the bounds that the filters check."""

    priority = 1

    def resolve_filter_field(self, auto_schema, model, filterset_class, field_name, filter_field):
        parameters = super().resolve_filter_field(auto_schema, model, filterset_class, field_name, filter_field)
        keywords = {"min_value": "minimum", "max_value": "maximum", "max_length": "maxLength"}
        for parameter in parameters:
            for name in keywords.keys() & filter_field.extra.keys():
                bound = filter_field.extra[name]
                parameter["schema"][keywords[name]] = float(bound) if isinstance(bound, Decimal) else bound
        return parameters
