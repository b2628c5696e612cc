from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from order_management import backups
from order_management.backups.command import BackupCommand
from order_management.backups.files import check_new, new_file


class Command(BackupCommand):
    help = "Write a backup of the database to a new file, while servers are running, and check it."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--verify",
            action="store_true",
            help="also restore it into a temporary database, and run verify_stock there",
        )

    def run(self, file, *, verify, **options):
        check_new(file)
        backend = backups.get_backend()
        backend.prepare(verify)
        tables = get_tables()
        with new_file(file) as new:
            backend.dump(new)
            check(backend, new, tables)
            mismatch = verify and self.find_mismatch(backend, new)
        self.stdout.write(f"Wrote {file}, {file.stat().st_size:,} bytes.")
        # The file is kept, because it is a true copy of the database.
        if mismatch:
            raise CommandError(f"The backup is complete, but its stock differs from its ledger. {mismatch}")

    def find_mismatch(self, backend, file):
        with backend.restored(file):
            try:
                call_command("verify_stock", stdout=self.stdout)
            except CommandError as error:
                return error


def get_tables():
    """Return the tables of the models in the database; not all of them if migrations are missing."""
    tables = set(connection.introspection.django_table_names(only_existing=True))
    if not tables:
        raise CommandError("The database has no tables. Run manage.py migrate first.")
    return tables


def check(backend, file, tables):
    backend.check(file)
    if missing := tables - backend.get_tables(file):
        raise CommandError(f"The backup has no table {min(missing)}.")
