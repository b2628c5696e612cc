from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from order_management import backups
from order_management.backups.command import BackupCommand
from order_management.backups.files import get_vendor


class Command(BackupCommand):
    help = "Restore a backup into an empty database, so that servers can start on it."

    def run(self, file, **options):
        backend = backups.get_backend()
        check_kind(file)
        backend.check(file)
        missing = get_missing_migrations(backend, file)
        backend.check_empty()
        with backend.loaded(file):
            call_command("migrate", verbosity=0, interactive=False)
            call_command("end_sessions", stdout=self.stdout)
            call_command("restart_feeds", stdout=self.stdout)
        self.stdout.write(f"Restored {file}, and applied {missing} newer migrations.")
        self.verify()

    def verify(self):
        try:
            call_command("verify_stock", stdout=self.stdout)
        except CommandError as error:
            raise CommandError(f"The backup is restored, but its stock differs from its ledger. {error}") from error


def check_kind(file):
    vendor = get_vendor(file)
    if vendor is None:
        raise CommandError(f"{file} is not a backup.")
    if vendor != connection.vendor:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise CommandError(f"{file} is a backup of {names[vendor]}, and DATABASE_URL names {connection.display_name}.")


def get_missing_migrations(backend, file):
    """Return how many migrations of this version a backup lacks."""
    applied, known = backend.get_migrations(file), MigrationLoader(None).disk_migrations.keys()
    if not applied & known:
        raise CommandError(f"{file} is not a backup of this application.")
    if unknown := applied - known:
        app, name = min(unknown)
        raise CommandError(f"{file} is from a newer version, which has the migration {app}.{name}.")
    return len(known - applied)
