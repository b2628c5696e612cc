"""Changes of products and their stock, each with its row in the ledger, in one transaction."""

from django.db import transaction
from django.shortcuts import get_object_or_404

from order_management.conflict import Conflict

from .models import QUANTITY_MAX, Product, StockMovement

Kind = StockMovement.Kind


class StockOutOfBounds(Conflict):
    detail = f"The stock must stay between 0 and {QUANTITY_MAX}."


def locked(product_id):
    return get_object_or_404(Product.objects.listed().select_for_update(), pk=product_id)


@transaction.atomic
def create_product(*, by, **fields):
    """Create a product; its quantity is the first movement."""
    product = Product.objects.create(**fields)
    record(product, Kind.CREATED, product.quantity, by=by)
    return product


@transaction.atomic
def change_product(product_id, changes, *, by, check=lambda product: None):
    """Change the given fields and return the product; `check(product)` may refuse by raising, under its lock."""
    product = locked(product_id)
    check(product)
    delta = changes.get("quantity", product.quantity) - product.quantity
    product.change(**changes)
    if delta:
        record(product, Kind.SET, delta, by=by)
    return product


@transaction.atomic
def adjust_stock(product_id, delta, *, by, note="", check=lambda product: None):
    """Add to the stock or take from it, and return the product; `check` as above."""
    product = locked(product_id)
    check(product)
    if not 0 <= product.quantity + delta <= QUANTITY_MAX:
        raise StockOutOfBounds
    product.change(quantity=product.quantity + delta)
    record(product, Kind.ADJUSTED, delta, by=by, note=note)
    return product


@transaction.atomic
def delete_product(product_id, *, check=lambda product: None):
    """Take the product out of every list, for good; `check` as above."""
    check(locked(product_id))
    Product.objects.filter(pk=product_id).remove()


@transaction.atomic
def delete_products(products):
    """Take all products of a queryset out of every list, for good."""
    lock(products)
    products.remove()


def lock(products):
    """Lock the products of a queryset until the end of the transaction, and return their stock by id."""
    # In ascending order, so that two transactions with the same products cannot deadlock. SQLite has no row locks and
    # needs none: the transaction holds the only write lock.
    locked = products.order_by("pk").select_for_update(no_key=True)
    return dict(locked.values_list("pk", "quantity"))


def record(product, kind, delta, *, by, note=""):
    StockMovement.objects.create(product=product, kind=kind, delta=delta, balance=product.quantity, by=by, note=note)


def book(products, deltas, *, kind, order, by):
    """Book the stock of several products, in the caller's transaction; return those that have no room for it.

    `products` is the queryset they must be in, `deltas` the change by id. What is returned is the stock, by id, of
    those that were refused, None if it is not in `products`: then roll back.
    """
    # What a refusal says of the stock is still true when it is said.
    stock = lock(products.filter(pk__in=deltas))
    refused = {pk: stock.get(pk) for pk in sorted(deltas) if not products.shift_stock(pk, deltas[pk])}
    if not refused:
        StockMovement.objects.bulk_create(
            StockMovement(product_id=pk, kind=kind, delta=delta, balance=stock[pk] + delta, order=order, by=by)
            for pk, delta in deltas.items()
        )
    return refused
