"""Placing an order, and its steps: each one transaction over order, stock, ledger and events."""

from collections import Counter
from copy import copy
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from order_management.api.fields import WRONG_ITEMS_MAX
from order_management.db.prepared import padded
from order_management.db.transactions import atomic
from order_management.exceptions import Conflict
from order_management.money import money
from products.models import StockMovement, prices
from products.services import StockOutOfBounds, book

from .models import TOTAL_MAX, IdempotencyKey, Order, insert_event, insert_lines, insert_order
from .throttle import limit_orders


class OutOfStock(Conflict):
    detail = "Not enough stock."


class TotalDiffers(Conflict):
    detail = "The total is not the expected one."


class KeyReused(Conflict):
    status = 422
    detail = "This Idempotency-Key was used with another body."


@atomic
def place_order(*, customer, items, note="", expected_total=None, key=None, fingerprint="", rate=None, describe=str):
    """Take the items out of stock and create the order: all of it or nothing.

    `items` are dicts with `product`, an id, and `quantity`. Return what `describe` makes of the new order's row, and
    whether it was made earlier: then it is the answer of that time, for the same `key` with the same `fingerprint`.
    Raise KeyReused (422), Throttled (429, over the `rate`), ValidationError (400), TotalDiffers or OutOfStock (409), in
    this order.
    """
    record = key and claim(key, customer, fingerprint)
    if record and record.response:
        return record.response, True
    if rate:
        limit_orders(customer, rate)
    quantities = merge(items)
    lines = priced(quantities)
    total = sum((price * quantity for _, _, price, quantity in lines), Decimal())
    if total > TOTAL_MAX:
        raise ValidationError({"items": [f"The total must not exceed {TOTAL_MAX}."]})
    if expected_total is not None and expected_total != total:
        raise TotalDiffers(total=total)
    order = create(customer, lines, total, note)
    answer = describe(order)
    if record:
        IdempotencyKey.objects.filter(pk=record.pk).update(response=answer)
    # Last, because others wait for these rows until the commit.
    take(quantities, order["id"], customer)
    return answer, False


def claim(key, user, fingerprint):
    """Return the record of the key, new or of an earlier order; raise KeyReused if that had another body."""
    # The unique row is the lock: a request with the same key at the same moment waits here for the first one's end.
    record, _ = IdempotencyKey.objects.get_or_create(user=user, key=key, defaults={"fingerprint": fingerprint})
    if record.fingerprint != fingerprint:
        raise KeyReused
    return record


def merge(items):
    """Return the quantities by product, in the order in which the products come first."""
    quantities = Counter()
    for item in items:
        quantities[item["product"]] += item["quantity"]
    return dict(quantities)


def priced(quantities):
    """Return the lines of the order, tuples of product, name, price and quantity; or raise ValidationError."""
    found = {pk: (name, Decimal(money(price))) for pk, name, price in prices(*padded(quantities))}
    refuse_unknown(quantities.keys() - found.keys())
    return [(pk, *found[pk], quantity) for pk, quantity in quantities.items()]


def refuse_unknown(product_ids):
    if product_ids:
        named = sorted(product_ids)[:WRONG_ITEMS_MAX]
        raise ValidationError({"items": [f"There is no product {pk}." for pk in named]})


def create(customer, lines, total, note):
    """Write the order with its lines and first event; return it as one of `with_lines`."""
    now, status = timezone.now(), Order.Status.PENDING
    pk = insert_order((customer.pk, status, total, note, now, now))
    insert_lines(*((pk, *line) for line in lines))
    insert_event((pk, status, customer.pk, "", now))
    return {
        "id": pk,
        "customer__username": customer.username,
        "status": status,
        "total": total,
        "note": note,
        "created_at": now,
        "updated_at": now,
        "lines": lines,
    }


def take(quantities, order_id, customer):
    deltas = {pk: -quantity for pk, quantity in quantities.items()}
    short = book(deltas, kind=StockMovement.Kind.ORDERED, order=order_id, by=customer)
    if short:
        # Deleted since its price was read.
        refuse_unknown([pk for pk, available in short.items() if available is None])
        items = [{"product": pk, "requested": quantities[pk], "available": short[pk]} for pk in short]
        raise OutOfStock(items=items)


def change_status(order, status, *, by, note="", describe=str):
    """Take one step of the life cycle, book the items back if it ends the sale; return `describe(order)`."""
    answer = take_step(order, status, by, note, describe)
    order.status = status
    return answer


@atomic
def take_step(order, status, by, note, describe):
    # By a copy: if the transaction is tried again, the order is still what it was.
    copy(order).move_to(status, by=by, note=note)
    if status in Order.BACK_IN_STOCK:
        quantities = dict(order.lines.values_list("product", "quantity"))
        if book(quantities, kind=status, order=order.pk, by=by, deleted=True):
            raise StockOutOfBounds
    return describe(order)
