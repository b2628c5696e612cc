"""Placing an order and taking its steps, each in one transaction with the stock, the ledger and the events."""

from collections import Counter
from decimal import Decimal
from typing import NamedTuple

from django.core.exceptions import ValidationError

from accounts.models import User
from order_management.db.transactions import Outdated, atomic
from order_management.exceptions import Code, Conflict
from products.models import Product, StockMovement
from products.services import StockOutOfBounds, move_stock, refuse_unknown

from .models import TOTAL_MAX, Order


class OutOfStock(Conflict):
    code = Code.OUT_OF_STOCK
    detail = "Not enough stock."


class TotalDiffers(Conflict):
    code = Code.TOTAL_DIFFERS
    detail = "The total is not the expected one."


class Preview(NamedTuple):
    """What an order would be if it were placed now."""

    lines: list[tuple]  # as in an OrderRecord
    total: Decimal
    short: list[dict]  # the products of which there is not enough, by id


@atomic
def place_order(*, customer, items, note="", expected_total=None, by=None):
    """Create an order and take its items out of stock: all or nothing. Return its OrderRecord.

    The API calls the two steps itself, because it keeps its answer between them.

    `items` are dicts with `product`, an id, and `quantity`; `by` is the Admin who orders for the customer, if any.
    Raise ValidationError (400), TotalDiffers or OutOfStock (409), in this order.
    """
    if by:
        customer = lock_customer(customer.username)
    by = by or customer
    order = create_order(customer=customer, by=by, items=items, note=note, expected_total=expected_total)
    take_stock(order, by=by)
    return order


def lock_customer(username):
    """Return the active user for whom an Admin orders, or raise ValidationError.

    They can be neither locked out nor deleted until the transaction ends. Call it before `create_order`: orders lock
    their customer first, then the products.
    """
    return customer_or_error(User.objects.lock_active(username))


def customer_or_error(customer):
    if customer is None:
        raise ValidationError({"customer": ["There is no active user with this name."]})
    return customer


@atomic
def create_order(*, customer, by, items, note="", expected_total=None):
    """Write an order and return its OrderRecord. The same transaction must end with `take_stock`."""
    quantities = merge(items)
    lines = price_lines(quantities, Product.objects.prices(quantities))
    total = total_of(lines)
    if expected_total is not None and expected_total != total:
        raise TotalDiffers(total=total)
    return Order.objects.add(customer=customer, by=by, lines=lines, total=total, note=note)


def preview_order(*, items, customer=None):
    """Return the Preview of an order, for a username if one is given. Nothing is written or locked.

    Raise ValidationError as `place_order` does.
    """
    if customer is not None:
        customer_or_error(User.objects.active().with_username(customer).first())
    quantities = merge(items)
    products = Product.objects.prices_and_stock(quantities)
    lines = price_lines(quantities, {pk: (name, price) for pk, (name, price, _) in products.items()})
    stock = {pk: quantity for pk, (_, _, quantity) in products.items()}
    short = sorted(pk for pk in quantities if quantities[pk] > stock[pk])
    return Preview(lines, total_of(lines), short_items(short, quantities, stock))


def merge(items):
    """Return the quantities by product, in the order in which the products first appear."""
    quantities = Counter()
    for item in items:
        quantities[item["product"]] += item["quantity"]
    return dict(quantities)


def price_lines(quantities, prices):
    """Return the lines of an order, or raise ValidationError; `prices` are the current names and prices by product."""
    refuse_unknown(quantities.keys() - prices.keys(), field="items")
    return [(pk, *prices[pk], quantity, 0) for pk, quantity in quantities.items()]


def total_of(lines):
    """Return the total of an order's lines, or raise ValidationError."""
    total = sum(price * quantity for _, _, price, quantity, _ in lines)
    if total > TOTAL_MAX:
        raise ValidationError({"items": [f"The total must not exceed {TOTAL_MAX}."]})
    return total


def short_items(product_ids, requested, stock):
    return [{"product": pk, "requested": requested[pk], "available": stock[pk]} for pk in product_ids]


@atomic
def take_stock(order, *, by):
    """Take the items of an OrderRecord out of stock; raise OutOfStock if there is not enough of any product.

    Call it last: other buyers of the same products wait until the transaction ends. Raise Outdated if a product no
    longer has the name or the price of its line, so that the order is placed again, with the new ones.
    """
    requested = {pk: quantity for pk, _, _, quantity, _ in order.lines}
    deltas = {pk: -quantity for pk, quantity in requested.items()}
    try:
        prices = move_stock(deltas, kind=StockMovement.Kind.ORDERED, order=order.id, by=by)
    except StockOutOfBounds as error:
        # Products without a stock were deleted after their prices had been read.
        refuse_unknown([pk for pk, available in error.stock.items() if available is None], field="items")
        raise OutOfStock(items=short_items(error.stock, requested, error.stock)) from error
    # The names and prices of the lines were read before the products were locked.
    if any(prices[pk] != (name, price) for pk, name, price, *_ in order.lines):
        raise Outdated("A name or a price has changed.")


@atomic
def change_status(order, status, *, by, note=""):
    """Take one step of the life cycle, and return the items to stock if it ends the sale.

    Raise IllegalTransition or StockOutOfBounds (409). The instance itself does not change.
    """
    if status == Order.Status.RETURNED:
        return_items(order, by=by, note=note)
        return
    order.move_to(status, by=by, note=note)
    if status == Order.Status.CANCELLED:
        quantities = dict(order.lines.values_list("product", "quantity"))
        move_stock(quantities, kind=StockMovement.Kind.CANCELLED, order=order.pk, by=by)


@atomic
def return_items(order, *, by, items=None, restock=True, note=""):
    """Take back items of a delivered order, or everything that is left; with `restock`, it goes back into stock.

    `items` are dicts with `product`, an id, and `quantity`. Raise ValidationError (400), IllegalTransition,
    NotReturnable or StockOutOfBounds (409), in this order. The instance itself does not change.
    """
    # Of two returns at the same moment, the second sees what the first has left.
    order = Order.objects.lock(order.pk)
    lines = {line.product_id: line for line in order.lines.all()}
    quantities = {pk: line.left for pk, line in lines.items() if line.left} if items is None else merge(items)
    unknown = quantities.keys() - lines.keys()
    refuse_unknown(unknown, field="items", message="Product {} is not in the order.")
    pieces = {lines[pk]: quantity for pk, quantity in quantities.items()}
    order.take_back(pieces, restock=restock, by=by, note=note)
    if restock:
        move_stock(quantities, kind=StockMovement.Kind.RETURNED, order=order.pk, by=by)
