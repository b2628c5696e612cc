import orjson
from rest_framework import parsers
from rest_framework.exceptions import ParseError

DEPTH_MAX = 32


class JSONParser(parsers.JSONParser):
    """JSON as RFC 8259 has it: UTF-8, no NaN, no lone surrogates."""

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read()
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        # Counting the brackets first spares nearly all bodies the walk.
        if body.count(b"[") + body.count(b"{") > DEPTH_MAX and depth(data) > DEPTH_MAX:
            raise ParseError(f"The body is nested more than {DEPTH_MAX} levels deep.")
        return data


def depth(data):
    """Return how many arrays and objects lie in each other, at most DEPTH_MAX + 1; without recursion."""
    level, levels = [data], 0
    while levels <= DEPTH_MAX:
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            break
        levels += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return levels
