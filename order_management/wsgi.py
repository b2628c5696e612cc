"""The WSGI application, for production servers: `granian --interface wsgi order_management.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

from .api import slow_bodies
from .api.content_type import sound
from .db import postgres

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Behind a server, development mode is something to ask for. runserver has read its settings before it comes here.
if not os.environ.get("DEBUG", "").strip():
    os.environ["DEBUG"] = "off"

django = get_wsgi_application()
postgres.limit_time()


def application(environ, start_response):
    environ["CONTENT_TYPE"] = sound(environ.get("CONTENT_TYPE", ""))
    environ["wsgi.input"] = slow_bodies.Body(environ)
    return django(environ, start_response)
