from django.core.management import BaseCommand, call_command

from accounts.models import ClientAddress


class Command(BaseCommand):
    help = "Remove what no longer counts: expired tokens, and addresses that tried nothing lately. Run it once a day."

    def handle(self, **options):
        call_command("flushexpiredtokens")
        addresses, _ = ClientAddress.objects.quiet().delete()
        self.stdout.write(f"Forgot {addresses} addresses.")
