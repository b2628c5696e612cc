import orjson
from rest_framework import parsers
from rest_framework.exceptions import ParseError

DEPTH_MAX = 32
# With more than this, garbage collection alone takes longer than a refusal may.
CONTAINERS_MAX = 50_000

BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))


class JSONParser(parsers.JSONParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no lone surrogates."""

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read()
        # Most bodies have so few brackets that there is nothing to check.
        structure = brackets(body) if body.count(b"[") + body.count(b"{") > DEPTH_MAX else b""
        if structure.count(b"[") > CONTAINERS_MAX:
            raise ParseError(f"The body may contain up to {CONTAINERS_MAX} arrays and objects.")
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        if is_too_deep(structure):
            raise ParseError(f"The body is nested more than {DEPTH_MAX} levels deep.")
        return data


def is_too_deep(structure):
    # Each pass removes the innermost arrays and objects.
    for _ in range(DEPTH_MAX):
        structure = structure.replace(b"[]", b"")
    return bool(structure)


def brackets(body):
    """Return the brackets of a JSON text that are outside its strings, with braces as brackets."""
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    # A string without brackets is now "" and can be removed. Strings joined by this keep the same brackets inside.
    structure = unescaped.translate(BRACES_TO_BRACKETS, NOT_STRUCTURE).replace(b'""', b"")
    return b"".join(structure.split(b'"')[::2])
