from django.core.management.base import BaseCommand, CommandError
from django.db.models import F, OuterRef, Q, Subquery, Sum

from products.models import Product, StockMovement


class Command(BaseCommand):
    help = "Prove that every product's quantity is the sum of its movements and the balance of the newest one."

    def handle(self, *args, **options):
        # One statement, so that the view is consistent while orders come in. Only mismatches leave the database.
        newest = StockMovement.objects.filter(product=OuterRef("pk")).order_by("-id").values("balance")[:1]
        products = Product.objects.annotate(total=Sum("movements__delta", default=0), newest=Subquery(newest))
        mismatch = ~Q(quantity=F("total")) | ~Q(quantity=F("newest")) | Q(newest=None)
        mismatches = 0
        for product in products.filter(mismatch).order_by("id").iterator():
            mismatches += 1
            self.stdout.write(
                f"Product {product.pk} ({product}): quantity {product.quantity}, "
                f"sum of movements {product.total}, newest balance {product.newest}"
            )
        if mismatches:
            raise CommandError(f"{mismatches} of {Product.objects.count()} products do not match their movements.")
        self.stdout.write(f"{Product.objects.count()} products match their movements.")
