"""Every answer arrives in time, is not a server error and matches the OpenAPI document."""

import re
from collections import Counter
from functools import cached_property

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .calls import Call, short

LIMIT = 60  # seconds that an attempt may take
BODIES, SHARE = 200, 10  # of each operation and status, so many bodies are validated, and then every tenth
ROWS = 20  # validated of each list
METHODS = {"HEAD": "GET"}
DOCUMENT = "urn:openapi"


def check_answers(calls, limit=LIMIT):
    records = [*calls.records, *(call.record for call in calls.final)]
    yield from wrong_attempts(records, limit)
    schemas = [call.answer for call in calls.read("GET /api/schema/")]
    if schemas:
        yield from undocumented(records, Document(schemas[-1]))


def wrong_attempts(records, limit):
    for record in records:
        for attempt in record.attempts:
            if (attempt.status or 0) >= 500 and attempt.status != 503:
                yield f"A {attempt.status} at {attempt.ended:.3f} s: {Call.of(record)}"
            if attempt.ended - attempt.began > limit:
                took = f"{attempt.ended - attempt.began:.1f} s"
                yield f"An attempt took {took} and got {attempt.status or 'no answer'}: {Call.of(record)}"


def undocumented(records, document):
    validated = Counter()
    for record in records:
        if record.status is None or record.status >= 500:
            continue  # one of the attempts, checked above
        operation = document.operation(METHODS.get(record.method, record.method), record.path.split("?")[0])
        validated[operation, record.status] += 1
        if operation is None:
            if record.status >= 400:
                yield f"Neither a page nor a redirect: {Call.of(record)}"
        elif (operation, record.status) not in document.validators:
            yield f"The schema does not know this status: {Call.of(record)}"
        elif is_validated(validated[operation, record.status], record.status) and record.method != "HEAD":
            yield from wrong_body(record, document.validators[operation, record.status])


def is_validated(number, status):
    """Return whether to validate a body, which takes a while: errors always, others if they are among the sample."""
    return status >= 400 or number <= BODIES or number % SHARE == 0


def wrong_body(record, validator):
    answer = record.answer[:ROWS] if isinstance(record.answer, list) else record.answer
    error = validator and next(validator.iter_errors(answer), None)
    if error:
        yield f"The body does not match the schema ({error.json_path}: {short(error.message)}): {Call.of(record)}"


class Document:
    """An OpenAPI document."""

    def __init__(self, schema):
        self.schema = schema

    def operation(self, method, path):
        """Return the method and the template of the path, or None if the document does not have them."""
        template = re.sub(r"/\d+/", "/{id}/", path)
        return (method, template) if method.lower() in self.schema["paths"].get(template, ()) else None

    @cached_property
    def validators(self):
        """A validator for each operation and status; None if it has no JSON body."""
        registry = Registry().with_resource(DOCUMENT, Resource.from_contents(self.schema, DRAFT202012))
        return {
            ((method.upper(), template), int(status)): validator(response, template, method, status, registry)
            for template, operations in self.schema["paths"].items()
            for method, operation in operations.items()
            if "responses" in operation
            for status, response in operation["responses"].items()
        }


def validator(response, template, method, status, registry):
    if "application/json" not in response.get("content", {}):
        return None
    steps = "paths", template, method, "responses", status, "content", "application/json", "schema"
    pointer = "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
    return Draft202012Validator({"$ref": f"{DOCUMENT}#/{quoted(pointer)}"}, registry=registry)


def quoted(pointer):
    return pointer.replace("{", "%7B").replace("}", "%7D")
