from operator import attrgetter

from django.db import models
from django.db.models import F, Q

from order_management.db.prepared import Insert, SelectIn, Update
from order_management.exceptions import Code, Conflict
from products.models import PRICE_MAX, Product

from .life_cycle import LifeCycle


class NotReturnable(Conflict):
    """A line has fewer pieces left than the return asks for."""

    code = Code.NOT_RETURNABLE
    detail = "The order does not have that many pieces left to return."


class OrderLineManager(models.Manager):
    def take_back(self, pieces):
        """Count pieces as returned, given as numbers by OrderLine; raise NotReturnable if a line has fewer left."""
        refused = [line for line, count in pieces.items() if not update_returned(count, line.pk, line.quantity - count)]
        if refused:
            refused.sort(key=attrgetter("product_id"))
            raise NotReturnable(
                items=[
                    {"product": line.product_id, "requested": pieces[line], "returnable": line.left} for line in refused
                ]
            )


class OrderLine(models.Model):
    """A product in an order, with the name and price at the time of ordering."""

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="lines", db_index=False)
    product = models.ForeignKey(
        Product,
        models.PROTECT,
        related_name="+",
        db_index=False,
        # For the search boxes of forms.
        limit_choices_to={"deleted_at": None},
    )
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    quantity = models.PositiveIntegerField()
    # The previous version does not count the pieces of an order that it returns.
    returned = models.PositiveIntegerField(db_default=0)

    objects = OrderLineManager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "product"], name="product_once_per_order"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="line_not_empty"),
            models.CheckConstraint(condition=Q(price__gte=0, price__lte=PRICE_MAX), name="line_price_in_bounds"),
            models.CheckConstraint(condition=Q(returned__lte=F("quantity")), name="returned_at_most_ordered"),
        ]
        indexes = [models.Index(fields=["product", "order"], name="orders_of_product")]

    def __str__(self):
        return f"{self.quantity} x {self.name}"

    @property
    def left(self):
        """How many pieces can still be returned, once the order is delivered."""
        return self.quantity - self.returned

    @property
    def returned_pieces(self):
        """How many pieces were returned, also by the previous version."""
        return self.quantity if self.order.status == LifeCycle.Status.RETURNED else self.returned

    @property
    def subtotal(self):
        return self.price * self.quantity


# The statements behind the managers: see order_management/db/prepared.py.
select_lines = SelectIn(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders)
        .order_by("order", "id")
        .values_list("order_id", "product_id", "name", "price", "quantity", "returned")
    )
)
count_lines = SelectIn(
    lambda *orders: (
        OrderLine.objects.filter(order__in=orders).order_by().values_list("order_id").annotate(lines=models.Count("*"))
    )
)
insert_lines = Insert(OrderLine, "order", "product", "name", "price", "quantity", "returned")
# The values are the number of pieces, the key, and how many may have been returned before.
update_returned = Update(
    lambda count, pk, most: (
        OrderLine.objects.filter(pk=pk, returned__lte=most),
        {"returned": F("returned") + count},
    )
)
