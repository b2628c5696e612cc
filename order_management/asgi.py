"""The ASGI application, for deployments that already have an ASGI server. The code is synchronous: WSGI is faster."""

import asyncio
import os
from contextlib import suppress

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connections

from .api.content_type import sanitized
from .api.limits import DRAIN_MAX_BYTES
from .db import postgres
from .ops.start import start_logged

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Under an ASGI server, DEBUG is off unless set explicitly.
if not os.environ.get("DEBUG", "").strip():
    os.environ["DEBUG"] = "off"

with start_logged():
    django = get_asgi_application()
# Under ASGI each request gets a new thread, which would never reuse a kept connection.
for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 0
postgres.set_timeouts()

BODY_MAX_BYTES = max(settings.BODY_MAX_BYTES.values())


async def application(scope, receive, send):
    if scope["type"] == "http":
        body, size = await read_body(receive)
        if body is None:
            return
        scope = {**scope, "headers": list(sanitized_headers(scope["headers"], size))}
        receive = replay(body, receive)
    await django(scope, receive, send)


async def read_body(receive):
    """Return as much of the body as arrives in time, and its size; the body is None if the client has disconnected.

    Django would read it before any middleware, and write a large one to disk. A body that is too large for every path
    comes back empty, with the size read so far.
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


def sanitized_headers(headers, size):
    """Yield the headers with a sanitized Content-Type; mark a body without a length as chunked."""
    names = dict(headers)
    content_type = names.get(b"content-type", b"").decode("latin-1")
    yield b"content-type", sanitized(content_type).encode("latin-1")
    if size and b"content-length" not in names:
        yield b"transfer-encoding", b"chunked"  # HTTP/2 has no such header.
    yield from ((name, value) for name, value in headers if name != b"content-type")


def replay(body, receive):
    """Return a `receive` that yields the body first and skips whatever else arrives of it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message():
        if messages:
            return messages.pop()
        # Django listens for http.disconnect, and accepts no other message.
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return next_message
