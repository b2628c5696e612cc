"""Django's `migrate`, one at a time: a second one waits, and then finds nothing to do."""

from django.core.management.commands import migrate
from django.db import connections

from order_management.db.migration_lock import migration_lock


class Command(migrate.Command):
    def execute(self, *args, **options):
        if options["plan"] or options["check_unapplied"]:
            return super().execute(*args, **options)
        # Before the system checks, some of which write on SQLite.
        with migration_lock(connections[options["database"]], self.stderr.write):
            return super().execute(*args, **options)
