"""What people do in the demo shop. They use the services that the API uses, so every rule holds here, too."""

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.services import change_status, place_order
from products.models import Product, StockMovement
from products.services import adjust_stock, create_product, lock_product

from .data import username

# The steps of an order that change the stock, and the kind of their stock movements.
MOVEMENTS = {
    Order.Status.PENDING: StockMovement.Kind.ORDERED,
    Order.Status.CANCELLED: StockMovement.Kind.CANCELLED,
    Order.Status.RETURNED: StockMovement.Kind.RETURNED,
}


@transaction.atomic
def replay(timeline, *, password):
    """Carry out the actions of a timeline, all or none of them, and give the rows their dates.

    All users get the hashed `password`.
    """
    shop = Shop(password)
    for action in timeline:
        action.method(shop, action.at, **action.arguments)
    date_orders()


def date_orders():
    """Give orders and their stock movements the dates of their events."""
    events = OrderEvent.objects.filter(order=OuterRef("pk")).values("created_at")
    first, last = events.order_by("id")[:1], events.order_by("-id")[:1]
    Order.objects.update(created_at=Subquery(first), updated_at=Subquery(last))
    for status, kind in MOVEMENTS.items():
        event = OrderEvent.objects.filter(order=OuterRef("order"), status=status).values("created_at")
        StockMovement.objects.filter(kind=kind).update(created_at=Subquery(event))


class Shop:
    """The methods are the actions of a timeline; `at` is when they take place."""

    def __init__(self, password):
        self.password = password
        self.users = {}  # by full name
        self.product_ids = {}  # by SampleProduct
        self.orders = {}  # by their number in the timeline

    def register(self, at, name, role):
        first, last = name.split()
        user = User(username=username(name), first_name=first, last_name=last, role=role, date_joined=at)
        user.email = f"{user.username}@shop.example"
        user.password = self.password
        user.save()
        self.users[name] = user

    def add_product(self, at, sample, by):
        product = create_product(name=sample.name, price=sample.price, quantity=sample.stock, by=self.users[by])
        self.product_ids[sample] = product.pk
        self.date_movement(sample, at)

    def order(self, at, number, customer, basket, note):
        """Order as much of the basket as is in stock."""
        stock = self.stock(basket)
        items = [
            {"product": self.product_ids[sample], "quantity": min(quantity, stock[sample])}
            for sample, quantity in basket.items()
            if stock[sample]
        ]
        if items:
            order = place_order(customer=self.users[customer], items=items, note=note)
            self.orders[number] = Order.objects.get(pk=order.id)
            self.date_event(number, at)

    def take_step(self, at, number, status, by, note):
        # There is no such order if nothing was in stock.
        if number in self.orders:
            change_status(self.orders[number], status, by=self.users[by], note=note)
            self.orders[number].status = status
            self.date_event(number, at)

    def restock(self, at, samples, by):
        """Add a delivery to the stock of the products that run low."""
        for sample, quantity in self.stock(samples).items():
            if quantity <= 2 * sample.popularity:
                self.adjust(at, sample, sample.stock, by, "delivery")

    def write_off(self, at, sample, by):
        """Take one damaged piece out of the stock, if there is any."""
        if self.stock([sample])[sample]:
            self.adjust(at, sample, -1, by, "damaged")

    def adjust(self, at, sample, delta, by, note):
        product = lock_product(self.product_ids[sample])
        adjust_stock(product, delta=delta, by=self.users[by], note=note)
        self.date_movement(sample, at)

    def stock(self, samples):
        """Return the quantities in stock as a dict."""
        quantities = dict(Product.objects.values_list("pk", "quantity"))
        return {sample: quantities[self.product_ids[sample]] for sample in samples}

    def date_event(self, number, at):
        """Date the newest event of an order. No order is in the same status twice."""
        order = self.orders[number]
        order.events.filter(status=order.status).update(created_at=at)

    def date_movement(self, sample, at):
        """Date the newest stock movement of a product."""
        newest = StockMovement.objects.filter(product=self.product_ids[sample]).latest("id")
        StockMovement.objects.filter(pk=newest.pk).update(created_at=at)
