"""The ASGI application, for those who have an ASGI server already. Everything here is synchronous: WSGI is faster."""

import asyncio
import os
from contextlib import suppress

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connections

from .api.content_type import sound
from .api.limits import DRAIN_MAX_BYTES
from .db import postgres

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Behind a server, development mode is something to ask for.
if not os.environ.get("DEBUG", "").strip():
    os.environ["DEBUG"] = "off"

django = get_asgi_application()
# ASGI gives each request a thread: a kept connection would not be used again.
for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 0
postgres.limit_time()

BODY_MAX_BYTES = max(settings.BODY_MAX_BYTES.values())


async def application(scope, receive, send):
    if scope["type"] == "http":
        body, size = await read_body(receive)
        if body is None:
            return
        scope = {**scope, "headers": list(sound_headers(scope["headers"], size))}
        receive = replay(body, receive)
    await django(scope, receive, send)


async def read_body(receive):
    """Return the body, as far as it arrives in time, and its size; the body is None if the client has disconnected.

    Django would read it before any middleware, and write a large one to disk. A body over the limit of every path
    comes back empty, with the size that was read before giving up.
    """
    body, size, more = bytearray(), 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(settings.BODY_TIMEOUT.total_seconds()):
            while more and size <= DRAIN_MAX_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None, size
                chunk = message.get("body", b"")
                size += len(chunk)
                if size <= BODY_MAX_BYTES:
                    body += chunk
                else:
                    body.clear()
                more = message.get("more_body", False)
    return bytes(body), size


def sound_headers(headers, size):
    """Yield the headers with a harmless Content-Type; mark a body without a length as chunked."""
    names = dict(headers)
    content_type = names.get(b"content-type", b"").decode("latin-1")
    yield b"content-type", sound(content_type).encode("latin-1")
    if size and b"content-length" not in names:
        yield b"transfer-encoding", b"chunked"  # HTTP/2 does not say so.
    yield from ((name, value) for name, value in headers if name != b"content-type")


def replay(body, receive):
    """Return a `receive` that starts with the body and passes over what else arrives of it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message():
        if messages:
            return messages.pop()
        # Django waits for the client to disconnect, and accepts nothing else.
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return next_message
