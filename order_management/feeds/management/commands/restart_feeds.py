from django.apps import apps
from django.core.management import BaseCommand
from django.db import transaction

from order_management.feeds.models import FeedEpoch, FeedRow


class Command(BaseCommand):
    help = "Refuse all cursors of feeds from now on, so that their readers begin again. Run it after a restore."

    @transaction.atomic
    def handle(self, **options):
        # Another cluster's transaction ids mean nothing here. With 0, the rows come first, in the order of their ids.
        for model in apps.get_models():
            if issubclass(model, FeedRow):
                model.objects.exclude(position=0).update(position=0)
        FeedEpoch.objects.begin()
        self.stdout.write("All feeds begin again: cursors from before are refused.")
