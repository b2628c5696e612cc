from pathlib import Path

import orjson
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from order_management.backups.files import new_file
from orders.personal_data import personal_data

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


class Command(BaseCommand):
    help = "Write everything that is kept about a user as JSON."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="the username, in any spelling")
        parser.add_argument(
            "file", metavar="FILE.json", type=Path, nargs="?", help="a new file; defaults to standard output"
        )

    def handle(self, *, name, file, **options):
        user = User.objects.with_username(name).first()
        if user is None:
            raise CommandError(f"There is no user named {name!r}.")
        content = orjson.dumps(personal_data(user), default=str, option=OPTIONS)
        if file is None:
            self.stdout.write(content.decode(), ending="")
            return
        try:
            with new_file(file) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
