"""What the apps write their `openapi.py` with: the documentation of operations, answers and examples."""

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

FIELD_ERRORS = {
    "type": "object",
    "description": "Error messages by field; for the items of a list, by position and then by field.",
    "additionalProperties": {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"$ref": "#/components/schemas/FieldErrors"},
        ]
    },
}
IF_MATCH = "ETags or `*`. If none of them is current, the answer is 412 and nothing changes."


def error_schema(*codes, **properties):
    """Return the schema of an error with one of these codes; `properties` are the schemas of its extra keys."""
    code = {"type": "string", "enum": list(map(str, codes)), "description": "Identifies the error, for programs."}
    properties = {"detail": {"type": "string"}, "code": code, **properties}
    return {"type": "object", "properties": properties, "required": ["code", "detail"]}


def operation(summary, **documentation):
    """Turn a function without a body into the documentation of a view's method.

    The function's name is the operation id, its docstring the description, and its app the tag, unless
    `documentation`, the options of `extend_schema`, says otherwise.
    """

    def document(function):
        defaults = {
            "operation_id": function.__name__,
            "description": " ".join((function.__doc__ or "").split()),  # python -OO has none
            "tags": [function.__module__.partition(".")[0]],
        }
        return extend_schema(summary=summary, **defaults | documentation)

    return document


def message(text):
    """Return the documentation of an answer `{"message": text}`."""
    schema = {"type": "object", "properties": {"message": {"type": "string", "const": text}}, "required": ["message"]}
    return OpenApiResponse(schema, "Done.", [OpenApiExample("Answer", {"message": text})])


def error(description, detail, code):
    """Return the documentation of an answer `{"detail": detail, "code": code}`."""
    body = {"detail": detail, "code": code}
    return OpenApiResponse(error_schema(code), description, [OpenApiExample("Answer", body)])


def conflict(*conflicts, properties=None, description="The current state does not allow this."):
    """Return the documentation of Conflicts, given as examples; `properties` are the schemas of their extra keys."""
    schema = error_schema(*(conflict.code for conflict in conflicts), **(properties or {}))
    examples = [OpenApiExample(str(conflict), conflict.body) for conflict in conflicts]
    return OpenApiResponse(schema, description, examples)


def location(description):
    """Return the documentation of a new object's Location header."""
    return OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201], description=description)


def api_root(paths):
    """Return the documentation of the root, which lists these paths by name."""
    url = {"type": "string", "format": "uri"}
    properties = dict.fromkeys(paths, url) | {"version": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    example = {name: f"https://shop.example{path}" for name, path in paths.items()}
    example["version"] = settings.SPECTACULAR_SETTINGS["VERSION"]
    return extend_schema(
        operation_id="root",
        summary="Find the calls to start from",
        description="URLs by name, and the version of this document.",
        tags=["root"],
        responses=OpenApiResponse(schema, "The URLs.", [OpenApiExample("Answer", example)]),
    )


def request_example(value, name="Request"):
    return OpenApiExample(name, value, request_only=True)


def response_example(value, status=200):
    return OpenApiExample("Answer", value, response_only=True, status_codes=[str(status)])
