"""The WSGI application for production servers: `granian --interface wsgi order_management.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

from .api import slow_bodies
from .api.content_type import sanitized
from .db import postgres
from .ops.start import start_logged

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Under a WSGI server, DEBUG is off unless set explicitly. runserver has loaded the settings before it imports this.
if not os.environ.get("DEBUG", "").strip():
    os.environ["DEBUG"] = "off"

with start_logged():
    django = get_wsgi_application()
postgres.set_timeouts()


def application(environ, start_response):
    environ["CONTENT_TYPE"] = sanitized(environ.get("CONTENT_TYPE", ""))
    environ["wsgi.input"] = slow_bodies.Body(environ)
    return django(environ, start_response)
