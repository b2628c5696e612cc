"""JSON in and out, by orjson: strict about UTF-8, NaN and depth, and ten times as fast as DRF's on a list."""

import orjson
from rest_framework import parsers, renderers
from rest_framework.exceptions import ParseError

# The errors of a list are keyed by position.
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
DEPTH_MAX = 32
# With more than this, garbage collection alone takes longer than a refusal may.
CONTAINERS_MAX = 50_000

BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))


class JSONRenderer(renderers.BaseRenderer):
    """JSON by orjson: ten times as fast as DRF's renderer on a list. Times end in Z, Decimals become strings."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return orjson.dumps(data, default=str, option=OPTIONS)


class JSONParser(parsers.JSONParser):
    """JSON as defined in RFC 8259: UTF-8, no NaN, no lone surrogates."""

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
