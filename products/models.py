from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

PRICE_MAX = Decimal("99999999.99")
QUANTITY_MAX = 2**31 - 1


class ProductQuerySet(models.QuerySet):
    def listed(self):
        """Leave out what was deleted."""
        return self.filter(deleted_at=None)

    def remove(self):
        """Take the products out of every list, for good; their rows stay, because orders refer to them."""
        return self.listed().update(deleted_at=timezone.now())


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    quantity = models.PositiveIntegerField(validators=[MaxValueValidator(QUANTITY_MAX)])
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
        ]
        # One for each ordering of the list, which shows no deleted product.
        indexes = [
            models.Index(fields=[field, "id"], name=f"listed_by_{field}", condition=models.Q(deleted_at=None))
            for field in ("name", "price", "quantity")
        ]

    def __str__(self):
        return self.name

    def change(self, **changes):
        """Change the given fields and write no others: a sale may change the quantity at any time."""
        for field, value in changes.items():
            setattr(self, field, value)
        self.save(update_fields=changes)
