"""The WSGI application, for production servers: `granian --interface wsgi order_management.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "order_management.settings")
# Behind a server, development mode is something to ask for. runserver has read its settings before it comes here.
os.environ.setdefault("DEBUG", "off")

application = get_wsgi_application()
