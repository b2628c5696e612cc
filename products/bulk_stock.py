"""Deliveries and counts of several products, in one transaction with their rows in the ledger."""

from typing import NamedTuple

from accounts.models import User
from order_management.db.transactions import atomic
from order_management.exceptions import Code, Conflict

from .models import QUANTITY_MAX, Product, StockMovement
from .services import StockOutOfBounds, refuse_unknown

Kind = StockMovement.Kind
REFUSED_MAX = 100  # lines named in a 409


class Movement(NamedTuple):
    """The first columns of a row of the ledger."""

    product_id: int
    kind: Kind
    delta: int
    balance: int


class StockDiffers(Conflict):
    code = Code.STOCK_DIFFERS
    detail = "The stock is not the expected one."


@atomic
def apply_changes(*, changes, by, note=""):
    """Make all changes or none, and return the products in the order of the changes.

    `changes` are dicts with `product`, the id of a product that comes only once, and either `delta` or a counted
    `quantity`; with `expected`, the count is refused unless that is the stock. Raise ValidationError (400),
    StockDiffers or StockOutOfBounds (409).
    """
    products = lock_products([change["product"] for change in changes])
    refuse([line for line in map(refused_line, products, changes) if line])
    movements = dict(zip(products, map(movement, products, changes), strict=True))
    write({product: row for product, row in movements.items() if row.delta}, by=by, note=note)
    return products


def lock_products(pks):
    """Return listed products, locked until the transaction ends; raise ValidationError if one is missing."""
    products = Product.objects.lock_listed(pks)
    refuse_unknown(set(pks) - products.keys(), field="changes", most=None)
    return [products[pk] for pk in pks]


def refused_line(product, change):
    """Return the line of the 409, or None if the change can be made."""
    available = product.quantity
    if "delta" in change and not 0 <= available + change["delta"] <= QUANTITY_MAX:
        return {"product": product.pk, "requested": change["delta"], "available": available}
    if "expected" in change and change["expected"] != available:
        return {"product": product.pk, "expected": change["expected"], "available": available}
    return None


def refuse(lines):
    """Raise StockDiffers or StockOutOfBounds if there are lines."""
    if not lines:
        return
    conflict = StockDiffers if any("expected" in line for line in lines) else StockOutOfBounds
    more = len(lines) - REFUSED_MAX
    raise conflict(items=lines[:REFUSED_MAX], **({"more": more} if more > 0 else {}))


def movement(product, change):
    """Return the row of the ledger for a change."""
    if "delta" in change:
        return Movement(product.pk, Kind.ADJUSTED, change["delta"], product.quantity + change["delta"])
    return Movement(product.pk, Kind.SET, change["quantity"] - product.quantity, change["quantity"])


def write(movements, *, by, note):
    """Write the new stock and the ledger; `movements` are the rows by product."""
    if not movements:
        User.objects.lock(by)
        return
    for product, row in movements.items():
        product.quantity = row.balance
    Product.objects.update_all(list(movements), ["quantity"])
    StockMovement.objects.add_all(movements.values(), by=by, note=note)
