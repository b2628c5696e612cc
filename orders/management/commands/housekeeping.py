from django.conf import settings
from django.core.management import BaseCommand, call_command

from accounts.housekeeping import (
    purge_addresses,
    purge_ended_sessions,
    purge_form_tokens,
    purge_keys,
    purge_sessions,
    purge_tokens,
)


class Command(BaseCommand):
    help = (
        "Delete what is no longer needed: expired tokens and admin sessions, addresses whose counters have expired, "
        "idempotency keys more than a day old; with EXPIRE_ORDERS_AFTER also cancel forgotten orders. Run it hourly or "
        "daily, on any node."
    )

    def handle(self, **options):
        self.stdout.write(f"Deleted {purge_tokens()} tokens.")
        self.stdout.write(f"Deleted {purge_ended_sessions()} ended sessions.")
        self.stdout.write(f"Deleted {purge_sessions()} admin sessions.")
        self.stdout.write(f"Deleted {purge_addresses()} addresses.")
        self.stdout.write(f"Deleted {purge_form_tokens()} used form tokens.")
        self.stdout.write(f"Deleted {purge_keys()} idempotency keys.")
        if settings.EXPIRE_ORDERS_AFTER:
            age = f"--older-than={settings.EXPIRE_ORDERS_AFTER.total_seconds():.0f}"
            call_command("expire_orders", age, stdout=self.stdout, stderr=self.stderr)
