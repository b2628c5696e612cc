"""The ASGI application, for those who have an ASGI server already. Everything here is synchronous: WSGI is faster."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Behind a server, development mode is something to ask for.
os.environ.setdefault("DEBUG", "off")

application = get_asgi_application()
