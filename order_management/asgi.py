"""The ASGI application, for those who have an ASGI server already. Everything here is synchronous: WSGI is faster."""

import os

from django.core.asgi import get_asgi_application
from django.db import connections

from . import postgres
from .content_type import sound

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Behind a server, development mode is something to ask for.
if not os.environ.get("DEBUG", "").strip():
    os.environ["DEBUG"] = "off"

django = get_asgi_application()
# ASGI gives each request a thread: a kept connection would not be used again.
for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 0
postgres.limit_time()


async def application(scope, receive, send):
    if scope["type"] == "http":
        content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
        others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        scope = {**scope, "headers": [*others, (b"content-type", sound(content_type).encode("latin-1"))]}
    await django(scope, receive, send)
