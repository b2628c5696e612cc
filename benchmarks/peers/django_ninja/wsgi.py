"""The application that gunicorn serves, see prepare.py."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.django_ninja.settings")
application = get_wsgi_application()
