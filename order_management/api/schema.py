"""The OpenAPI schema: what drf-spectacular cannot infer from the views."""

from types import SimpleNamespace

from django.contrib.auth import get_user_model
from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework_simplejwt.views import TokenViewBase

from ..exceptions import Code
from . import schema_extensions  # noqa: F401, importing it registers them
from .conditional import ConditionalMixin, PreconditionFailed
from .counting import COUNT_MAX, CountedPagination
from .handler import DatabaseUnavailable
from .openapi import FIELD_ERRORS, IF_MATCH, error_schema

STRING = {"schema": {"type": "string"}}
IF_NONE_MATCH = "ETags. If one of them is current, the answer is 304 without a body."
ETAG = {"description": "What to send in `If-Match` and `If-None-Match`.", **STRING}
APPLIED = {"description": "The preferences that were applied.", **STRING}
COUNT = {
    "Total-Count": {
        "description": "With `count=exact`: how many items the list has, or `10000+` if there are more than 10,000.",
        "schema": {"type": "string", "pattern": "^([0-9]+|10000\\+)$"},
    },
}

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A new key for each change, and the same key for each retry of it: the change is made once, and "
    "every retry gets the first answer again. Keys are kept for at least 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "An earlier call with this key has already made the change.",
        "schema": {"type": "string", "const": "true"},
    }
}

# Errors that follow from the kind of call: description, and the `detail` and `code` of the example.
ERRORS = {
    401: ("The token is missing, invalid or expired.", "Token is invalid or expired.", Code.TOKEN_NOT_VALID),
    403: (
        "The role does not allow this, or the call was made over plain HTTP.",
        "Send this call over HTTPS.",
        Code.HTTPS_REQUIRED,
    ),
    404: ("Not found.", "No {model} matches the given query.", Code.NOT_FOUND),
    411: ("The body was sent in chunks.", "Send the body with a Content-Length, not in chunks.", Code.LENGTH_REQUIRED),
    412: (
        "None of the ETags in `If-Match` is current.",
        PreconditionFailed.default_detail,
        PreconditionFailed.default_code,
    ),
    413: ("The body is larger than 1 MB.", "The body may have up to 1048576 bytes.", Code.TOO_LARGE),
    414: ("The query is longer than 4000 bytes.", "The query may have up to 4000 bytes.", Code.URI_TOO_LONG),
    415: ("The body is not JSON.", "Send the body as application/json in UTF-8.", Code.UNSUPPORTED_MEDIA_TYPE),
    503: ("The database is not available.", DatabaseUnavailable.default_detail, DatabaseUnavailable.default_code),
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
ERROR_HEADERS = {
    "401": {"WWW-Authenticate": {"description": 'Always `Bearer realm="api"`.', **STRING}},
    "429": RETRY_AFTER,
    "503": RETRY_AFTER,
}


STRICT = "`handling=strict`: an unknown parameter or field gets a 400 instead of being ignored."
COUNTED = f"`count=exact`: the items are counted, up to {COUNT_MAX:,}."


class AutoSchema(openapi.AutoSchema):
    """Adds the errors that each operation can answer with, and the headers of conditional requests."""

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        # Views that share a class differ in the last word of their path.
        step = path.rstrip("/").rpartition("/")[2]
        operation |= {name: operation[name].format(step=step) for name in ("operationId", "summary")}
        for parameter in parameters(operation, "path"):
            parameter["example"] = 1  # Swagger UI fills it in.
        if isinstance(self.view, ConditionalMixin):
            self.add_conditions(operation)
        if getattr(getattr(self.view, method.lower()), "is_retryable", False):
            self.add_key(operation)
        if any(parameter["name"] == "cursor" for parameter in parameters(operation, "query")):
            link = {"description": self.view.paginator.link_help, **STRING}
            headers = operation["responses"]["200"].setdefault("headers", {})
            headers |= {"Link": link} | (COUNT if isinstance(self.view.paginator, CountedPagination) else {})
        self.add_errors(operation)
        self.add_preferences(operation)
        return operation

    def _get_paginator(self):
        return super()._get_paginator() if self.method == "GET" else None

    def _get_serializer_field_meta(self, field, direction):
        # Client generators such as openapi-typescript treat a field with a default as always sent.
        meta = super()._get_serializer_field_meta(field, direction)
        meta.pop("default", None)
        return meta

    def _postprocess_serializer_schema(self, schema, serializer, direction):
        # An answer always has every field, even one that a request may leave out.
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        return schema | {"required": sorted(schema["properties"])} if direction == "response" else schema

    def add_conditions(self, operation):
        sent, returned = operation.setdefault("parameters", []), {}
        if self.method != "DELETE":
            returned["ETag"] = ETAG
        if self.method == "GET":
            sent.append(header("If-None-Match", IF_NONE_MATCH))
            operation["responses"]["304"] = {"description": "Not modified.", "headers": dict(returned)}
        if self.method in ("PUT", "PATCH", "DELETE"):
            sent.append(header("If-Match", IF_MATCH))
        for status in returned and {"200", "201"} & operation["responses"].keys():
            operation["responses"][status].setdefault("headers", {}).update(returned)

    def add_key(self, operation):
        operation.setdefault("parameters", []).append(KEY)
        success = min(operation["responses"])
        operation["responses"][success].setdefault("headers", {}).update(REPLAYED)
        example = {"detail": "This Idempotency-Key was used with another request.", "code": Code.KEY_REUSED}
        description = "The Idempotency-Key was used with a different method, path or body."
        operation["responses"]["422"] = answer(description, self.error_component(), example)

    def add_errors(self, operation):
        responses = operation["responses"]
        has_input = "requestBody" in operation or parameters(operation, "query")
        responses["400"] = self.invalid_input() if has_input else self.unknown_parameter()
        for status in self.errors(operation):
            responses.setdefault(str(status), self.error(status))
        for status in ERROR_HEADERS.keys() & responses.keys():
            responses[status]["headers"] = ERROR_HEADERS[status]
        operation["responses"] = dict(sorted(responses.items()))

    def add_preferences(self, operation):
        operation.setdefault("parameters", []).append(self.prefer())
        for status, response in operation["responses"].items():
            if status <= "400":
                response.setdefault("headers", {})["Preference-Applied"] = APPLIED

    def prefer(self):
        """Return the header parameter `Prefer`, with the preferences that the call supports."""
        if self.method == "GET" and isinstance(getattr(self.view, "paginator", None), CountedPagination):
            values = ["handling=strict", "count=exact", "handling=strict, count=exact"]
            return header("Prefer", f"{STRICT} {COUNTED}", enum=values)
        return header("Prefer", STRICT, enum=["handling=strict"])

    def errors(self, operation):
        """Yield the statuses that follow from the kind of call."""
        if "requestBody" in operation:
            yield from (411, 413, 415)
        if parameters(operation, "query"):
            yield 414
        if self.view.get_authenticators() or isinstance(self.view, TokenViewBase):
            yield 401
        if parameters(operation, "path"):
            yield 404
        if any(parameter["name"] == "If-Match" for parameter in parameters(operation, "header")):
            yield 412
        yield 403
        # A public call without a body does not use the database.
        if self.view.get_authenticators() or "requestBody" in operation:
            yield 503

    def error(self, status):
        description, detail, code = ERRORS[status]
        if status == 403 and self.view.get_authenticators() and not self.is_open_to_customers():
            detail, code = "Only an Admin may do this.", Code.PERMISSION_DENIED
        if status == 404:
            detail = detail.format(model=self.view.queryset.model._meta.object_name)
        return answer(description, self.error_component(), {"detail": detail, "code": code})

    def invalid_input(self):
        schema = {"oneOf": [self.error_component(), self.component("FieldErrors", FIELD_ERRORS)]}
        detail = "The body is not valid JSON: unexpected end of data: line 1 column 1 (char 0)."
        return answer("The input is invalid.", schema, {"detail": detail, "code": Code.PARSE_ERROR})

    def error_component(self):
        # A new schema each time, because drf-spectacular changes it.
        return self.component("Error", error_schema(*Code))

    def unknown_parameter(self):
        example = {"dry_run": ["There is no such parameter."]}
        return answer(
            "The call is strict and has an unknown parameter.", self.component("FieldErrors", FIELD_ERRORS), example
        )

    def is_open_to_customers(self):
        request = SimpleNamespace(user=get_user_model()(), method=self.method)
        allowed = all(permission.has_permission(request, self.view) for permission in self.view.get_permissions())
        filters = getattr(self.view, "filterset_class", None) if self.method == "GET" else None
        return allowed and not getattr(filters, "admin_only", ())

    def component(self, name, schema):
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        self.registry.register_on_missing(component)
        return component.ref


def parameters(operation, place):
    return [parameter for parameter in operation.get("parameters", []) if parameter["in"] == place]


def header(name, description, **schema):
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


def answer(description, schema, example):
    return {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}
