from django.db import transaction
from django.shortcuts import get_object_or_404

from .models import Product


def locked(product_id):
    # SQLite has no row locks and needs none: the transaction holds the only write lock.
    return get_object_or_404(Product.objects.listed().select_for_update(), pk=product_id)


@transaction.atomic
def change_product(product_id, changes, *, check):
    """Change the given fields and return the product; `check(product)` may refuse by raising, under its lock."""
    product = locked(product_id)
    check(product)
    product.change(**changes)
    return product


@transaction.atomic
def delete_product(product_id, *, check):
    """Take the product out of every list, for good; `check(product)` may refuse by raising, under its lock."""
    check(locked(product_id))
    Product.objects.filter(pk=product_id).remove()
