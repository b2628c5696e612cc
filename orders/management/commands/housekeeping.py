from django.conf import settings
from django.core.management import BaseCommand, call_command

from accounts.housekeeping import forget_sessions, forget_tokens
from accounts.models import ClientAddress
from orders.housekeeping import forget_keys


class Command(BaseCommand):
    help = (
        "Remove what no longer counts: expired tokens, addresses that tried nothing lately, idempotency keys of more "
        "than a day; with EXPIRE_ORDERS_AFTER also cancel forgotten orders. Run it once an hour or a day, anywhere."
    )

    def handle(self, **options):
        self.stdout.write(f"Forgot {forget_tokens()} tokens.")
        self.stdout.write(f"Forgot {forget_sessions()} ended sessions.")
        addresses, _ = ClientAddress.objects.quiet().delete()
        self.stdout.write(f"Forgot {addresses} addresses.")
        self.stdout.write(f"Forgot {forget_keys()} idempotency keys.")
        if settings.EXPIRE_ORDERS_AFTER:
            age = f"--older-than={settings.EXPIRE_ORDERS_AFTER.total_seconds():.0f}"
            call_command("expire_orders", age, stdout=self.stdout, stderr=self.stderr)
