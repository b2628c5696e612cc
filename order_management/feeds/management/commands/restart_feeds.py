from django.apps import apps
from django.core.management import BaseCommand
from django.db import transaction

from order_management.feeds.models import FeedEpoch, FeedRow


class Command(BaseCommand):
    help = "Refuse all earlier cursors of the feeds, so that their readers start again. Run it after a restore."

    @transaction.atomic
    def handle(self, **options):
        # Transaction ids of another cluster mean nothing here. At 0, the rows come first, in the order of their ids.
        for model in apps.get_models():
            if issubclass(model, FeedRow):
                model.objects.exclude(position=0).update(position=0)
        FeedEpoch.objects.begin()
        self.stdout.write("The feeds have been restarted: earlier cursors are refused.")
