"""Changes to products and their stock, each in one transaction with its row in the ledger.

A deleted user cannot change anything: the ledger's foreign key refuses it at the commit, and `User.objects.lock()` does
so where nothing is written to the ledger. That call comes last, so that the user is locked only for a moment.
"""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404

from accounts.models import User
from order_management.api.fields import WRONG_ITEMS_MAX
from order_management.db.transactions import atomic
from order_management.exceptions import Code, Conflict

from .models import QUANTITY_MAX, Product, StockMovement

Kind = StockMovement.Kind

# For changes to a locked product. The transaction that holds the lock is run again as a whole if it is aborted.
in_its_transaction = transaction.atomic(savepoint=False)


class StockOutOfBounds(Conflict):
    code = Code.STOCK_OUT_OF_BOUNDS
    detail = f"The stock must stay between 0 and {QUANTITY_MAX}."

    def __init__(self, stock=None, **extra):
        """`stock` is the current stock of the refused products by id, None for a missing one."""
        super().__init__(**extra)
        self.stock = stock


class NotDeleted(Conflict):
    code = Code.NOT_DELETED
    detail = "The product is not deleted."


def get_product(pk):
    """Return a listed product, or raise Http404."""
    return get_or_404(Product.objects.get_listed(pk))


def lock_product(pk):
    """Return a listed product, locked until the transaction ends, or raise Http404."""
    return get_or_404(Product.objects.lock(pk))


def get_or_404(product):
    if product is None:
        raise Http404("No Product matches the given query.")
    return product


def refuse_unknown(product_ids, *, field, message="There is no product {}.", most=WRONG_ITEMS_MAX):
    """Raise ValidationError (400) with a message for each of the products, if there are any, up to `most` of them."""
    if product_ids:
        raise ValidationError({field: [message.format(pk) for pk in sorted(product_ids)[:most]]})


def lock_products(products):
    """Lock the products of a queryset until the transaction ends, in the order in which orders lock them."""
    list(products.order_by("pk").select_for_update(no_key=True).values_list("pk"))


@atomic
def create_product(*, by, name, price, quantity):
    """Create a product; its quantity is the first movement."""
    product = Product.objects.add(name=name, price=price, quantity=quantity)
    StockMovement.objects.add(product.pk, Kind.CREATED, quantity, quantity, by=by)
    return product


@in_its_transaction
def change_product(product, *, by, **changes):
    """Change fields of a locked product; setting the quantity writes the difference to the ledger."""
    delta = changes.get("quantity", product.quantity) - product.quantity
    product.update(**changes)
    if delta:
        StockMovement.objects.add(product.pk, Kind.SET, delta, product.quantity, by=by)
    else:
        User.objects.lock(by)


@in_its_transaction
def adjust_stock(product, *, delta, by, note=""):
    """Add to the stock of a locked product, or take from it; raise StockOutOfBounds."""
    quantity = product.quantity + delta
    if not 0 <= quantity <= QUANTITY_MAX:
        raise StockOutOfBounds
    product.update(quantity=quantity)
    StockMovement.objects.add(product.pk, Kind.ADJUSTED, delta, quantity, by=by, note=note)


@in_its_transaction
def delete_product(product, *, by):
    """Take a locked product out of every list."""
    Product.objects.filter(pk=product.pk).remove()
    User.objects.lock(by)


@atomic
def delete_products(products, *, by=None):
    """Take the products of a queryset out of every list."""
    lock_products(products)
    products.remove()
    User.objects.lock(by)


@atomic
def restore_product(pk, *, by):
    """Undo the deletion of a product and return it; raise Http404 or NotDeleted.

    Its stock is current, because canceled and returned orders give their items back to deleted products too.
    """
    product = get_or_404(Product.objects.lock_any(pk))
    if product.deleted_at is None:
        raise NotDeleted
    product.update(deleted_at=None)
    User.objects.lock(by)
    return product


@atomic
def restore_products(products, *, by):
    """Undo the deletion of the products of a queryset; return how many were deleted."""
    lock_products(products)
    count = products.restore()
    User.objects.lock(by)
    return count


@atomic
def move_stock(deltas, *, kind, order, by):
    """Add to the stock of several products, or take from it, and write the ledger; return their names and prices by id.

    `deltas` are the changes by product id. Raise StockOutOfBounds if any is refused. A deleted product is missing for a
    sale, but its stock can be returned.
    """
    # Locked, so that nothing comes between the check and the change.
    rows = Product.objects.lock_stock(deltas)
    products = {pk: row for pk, (*row, deleted_at) in rows.items() if deleted_at is None or kind != Kind.ORDERED}
    stock = {pk: quantity for pk, (_, _, quantity) in products.items()}
    refused = {pk: stock.get(pk) for pk in sorted(deltas) if not may_move(stock.get(pk), deltas[pk])}
    if refused:
        raise StockOutOfBounds(refused)
    Product.objects.change_stock(deltas)
    movements = [(pk, kind, delta, stock[pk] + delta) for pk, delta in deltas.items()]
    StockMovement.objects.add_all(movements, order=order, by=by)
    return {pk: (name, price) for pk, (name, price, _) in products.items()}


def may_move(quantity, delta):
    """Return whether the stock may change by `delta`; the quantity of a missing product is None."""
    return quantity is not None and 0 <= quantity + delta <= QUANTITY_MAX
