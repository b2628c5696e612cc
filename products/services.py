"""Changes to products and their stock, each with its row in the ledger, in one transaction.

Deleted users cannot change anything: the ledger's foreign key refuses it at the commit, and `lock_user()` does so where
nothing is written to the ledger. Its lock comes last, so that it is held only for a moment.
"""

from django.http import Http404
from django.utils import timezone

from accounts.services import lock_user
from order_management.db.prepared import padded
from order_management.db.transactions import atomic
from order_management.exceptions import Conflict

from .models import (
    QUANTITY_MAX,
    Product,
    StockMovement,
    insert_movements,
    insert_numbered_product,
    insert_product,
    locked_product,
    locked_stock,
    put_product,
)

Kind = StockMovement.Kind


class StockOutOfBounds(Conflict):
    detail = f"The stock must stay between 0 and {QUANTITY_MAX}."


def locked(product_id):
    return found(locked_product(product_id))


def found(product):
    """Return the product, or raise Http404 if it is None."""
    if product is None:
        raise Http404("No Product matches the given query.")
    return product


@atomic
def create_product(*, by, **fields):
    """Create a product; its quantity is the first movement."""
    product = Product(**fields)
    product.pk = insert_product((product.name, product.price, product.quantity))
    record(product, Kind.CREATED, product.quantity, by=by)
    return product


@atomic
def change_product(product_id, changes, *, by, check=lambda product: None):
    """Change the given fields and return the product; `check(product)` may refuse by raising, under its lock."""
    product = locked(product_id)
    check(product)
    delta = changes.get("quantity", product.quantity) - product.quantity
    product.change(**changes)
    if delta:
        record(product, Kind.SET, delta, by=by)
    else:
        lock_user(by)
    return product


@atomic
def adjust_stock(product_id, delta, *, by, note="", check=lambda product: None):
    """Add to the stock or take from it, and return the product; `check` as above."""
    product = locked(product_id)
    check(product)
    if not 0 <= product.quantity + delta <= QUANTITY_MAX:
        raise StockOutOfBounds
    product.change(quantity=product.quantity + delta)
    record(product, Kind.ADJUSTED, delta, by=by, note=note)
    return product


@atomic
def delete_product(product_id, *, by=None, check=lambda product: None):
    """Take the product out of every list, for good; `check` as above."""
    check(locked(product_id))
    Product.objects.filter(pk=product_id).remove()
    lock_user(by)


@atomic
def delete_products(products, *, by=None):
    """Take all products of a queryset out of every list, for good."""
    lock(products)
    products.remove()
    lock_user(by)


def lock(products):
    """Lock the products of a queryset, however many, until the end of the transaction; in the same order as `book`."""
    list(products.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def record(product, kind, delta, *, by, note=""):
    insert_movements((product.pk, kind, delta, product.quantity, None, by and by.pk, note, timezone.now()))


def create_products(rows, *, by, note):
    """Create products of rows with name, price, quantity, and id or None; in the caller's transaction."""
    new = [row for row in rows if row.id is None]
    numbered = [row for row in rows if row.id is not None]
    ids = insert_product.ids(*((row.name, row.price, row.quantity) for row in new))
    ids += insert_numbered_product.ids(*((row.id, row.name, row.price, row.quantity) for row in numbered))
    created = zip(ids, new + numbered, strict=True)
    record_all([(pk, Kind.CREATED, row.quantity, row.quantity) for pk, row in created], by=by, note=note)


def change_products(changes, *, by, note):
    """Change locked products, given as such rows, each with what it adds to the stock; in the caller's transaction."""
    put_product.ids(*((row.id, row.name, row.price, row.quantity) for row, _ in changes))
    record_all([(row.id, Kind.SET, added, row.quantity) for row, added in changes if added], by=by, note=note)


def record_all(moves, *, by, note):
    now = timezone.now()
    insert_movements.ids(*((*move, None, by and by.pk, note, now) for move in moves))


def book(deltas, *, kind, order, by, deleted=False):
    """Book the stock of several products, in the caller's transaction; return those that have no room for it.

    `deltas` are the changes by id, of products that are not deleted unless said. What is returned is the stock, by id,
    of those that were refused, None if there is no such product: then roll back.
    """
    if not deltas:
        return {}
    # Locked, so that what a refusal says of the stock is still true when it is said.
    rows = locked_stock(*padded(sorted(deltas)))
    stock = {pk: quantity for pk, quantity, deleted_at in rows if deleted or deleted_at is None}
    refused = {
        pk: stock.get(pk) for pk in sorted(deltas) if pk not in stock or not Product.objects.shift(pk, deltas[pk])
    }
    if not refused:
        now = timezone.now()
        insert_movements(
            *((pk, kind, delta, stock[pk] + delta, order, by and by.pk, "", now) for pk, delta in deltas.items())
        )
    return refused
