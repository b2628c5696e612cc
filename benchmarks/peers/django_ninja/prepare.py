"""Create the tables and the admin in an empty database; the second command serves it.

From the root of the repository, with DATABASE_URL and SECRET_KEY set:

python -m benchmarks.peers.django_ninja.prepare
gunicorn --worker-class gthread --threads 4 --workers 1 --keep-alive 5 --no-control-socket --log-level warning \
    --bind 127.0.0.1:$PORT benchmarks.peers.django_ninja.wsgi
"""

import os

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command


def prepare():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.django_ninja.settings")
    django.setup()
    call_command("migrate", verbosity=0)  # first the users: the tables without migrations refer to them
    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_superuser("anna", None, "correct horse 17")


if __name__ == "__main__":
    prepare()
