from itertools import chain, groupby
from operator import itemgetter

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F, Q, Sum, Value, Window
from django.db.models.functions import RowNumber

from orders.models import Order, OrderLine, ReturnedItem
from products.models import Product, StockMovement


class Command(BaseCommand):
    help = (
        "Prove that every product's quantity is the sum of its movements and the balance of the newest one, and that "
        "the ledger has what orders returned to stock."
    )

    def handle(self, *args, **options):
        mismatches = 0
        for mismatch in chain(wrong_quantities(), without_movements(), wrong_returns()):
            mismatches += 1
            self.stdout.write(mismatch)
        count = Product.objects.count()
        if mismatches:
            raise CommandError(f"Mismatches: {mismatches}.")
        self.stdout.write(f"{count} products match their movements.")


# Each check is one statement, so that its view is consistent while orders come in.
def wrong_quantities():
    """Yield a sentence for each product whose quantity differs from its movements."""
    mismatch = ~Q(product__quantity=F("total")) | ~Q(product__quantity=F("balance"))
    for movement in newest_movements().filter(mismatch).select_related("product").order_by("product_id").iterator():
        product = movement.product
        yield (
            f"Product {product.pk} ({product}): quantity {product.quantity}, "
            f"sum of movements {movement.total}, newest balance {movement.balance}"
        )


def newest_movements():
    """Return the newest movement of each product, with the sum of all as `total`.

    This reads the ledger once. With a subquery for each product's newest row, PostgreSQL could read it once per product
    while its statistics are out of date, as after a failover.
    """
    of_product = {"partition_by": "product"}
    movements = StockMovement.objects.annotate(total=Window(Sum("delta"), **of_product))
    return movements.annotate(age=Window(RowNumber(), order_by="-id", **of_product)).filter(age=1)


def without_movements():
    """Yield a sentence for each product without movements: even one without stock starts with a movement."""
    for product in Product.objects.filter(movements=None).order_by("id").iterator():
        yield f"Product {product.pk} ({product}): quantity {product.quantity}, no movements"


def wrong_returns():
    """Yield a sentence for each order and product whose returns differ from the ledger."""
    for (order, product), rows in groupby(returned_pieces(), key=itemgetter(0, 1)):
        booked, returned = (sum(pieces) for pieces in list(zip(*rows, strict=True))[2:])
        if booked != returned:
            yield f"Order {order}, product {product}: {returned} returned to stock, {booked} in the ledger"


def returned_pieces():
    """Return tuples of order id, product id, pieces in the ledger, and pieces in the events, by order and product."""
    booked = StockMovement.objects.filter(kind=StockMovement.Kind.RETURNED)
    items = ReturnedItem.objects.filter(restock=True)
    # The previous version returned all lines, without writing the items.
    lines = OrderLine.objects.filter(order__events__status=Order.Status.RETURNED, order__events__action=None)
    parts = [
        booked.values_list("order", "product_id", "delta", Value(0)),
        items.values_list("line__order_id", "line__product_id", Value(0), "quantity"),
        lines.values_list("order_id", "product_id", Value(0), "quantity"),
    ]
    first, *others = (part.order_by() for part in parts)
    return first.union(*others, all=True).order_by("order", "product_id").iterator()
