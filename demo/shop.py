"""What people do in the demo shop, each by the rules that hold in any other."""

from django.db import transaction
from django.db.models import OuterRef, Subquery

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.services import change_status, place_order
from products.models import Product, StockMovement
from products.services import adjust_stock, create_product, lock_product

from .data import username

# What an order books, by the step that books it.
BOOKINGS = {
    Order.Status.PENDING: StockMovement.Kind.ORDERED,
    Order.Status.CANCELLED: StockMovement.Kind.CANCELLED,
    Order.Status.RETURNED: StockMovement.Kind.RETURNED,
}


@transaction.atomic
def act_out(actions, *, password):
    """Do what a timeline says, all of it or nothing, and put it back to its times."""
    shop = Shop(password)
    for action in actions:
        action.do(shop, action.at, **action.details)
    follow_events()


def follow_events():
    """Give the orders and what they booked the times of their events."""
    events = OrderEvent.objects.filter(order=OuterRef("pk")).values("created_at")
    first, last = events.order_by("id")[:1], events.order_by("-id")[:1]
    Order.objects.update(created_at=Subquery(first), updated_at=Subquery(last))
    for status, kind in BOOKINGS.items():
        event = OrderEvent.objects.filter(order=OuterRef("order"), status=status).values("created_at")
        StockMovement.objects.filter(kind=kind).update(created_at=Subquery(event))


class Shop:
    """Its methods are what an action can be: each is told when it takes place."""

    def __init__(self, password):
        """`password` is hashed, and everybody's."""
        self.password = password
        self.users = {}
        self.products = {}
        self.orders = {}

    def join(self, at, name, role):
        first, last = name.split()
        user = User(username=username(name), first_name=first, last_name=last, role=role, date_joined=at)
        user.email = f"{user.username}@shop.example"
        user.password = self.password
        user.save()
        self.users[name] = user

    def offer(self, at, article, by):
        product = create_product(name=article.name, price=article.price, quantity=article.stock, by=self.users[by])
        self.products[article] = product.pk
        self.date_booking(article, at)

    def order(self, at, number, customer, basket, note):
        """Order of the basket what there is."""
        stock = self.stock(basket)
        items = [
            {"product": self.products[article], "quantity": min(quantity, stock[article])}
            for article, quantity in basket.items()
            if stock[article]
        ]
        if items:
            order = place_order(customer=self.users[customer], items=items, note=note)
            self.orders[number] = Order.objects.get(pk=order.id)
            self.date_event(number, at)

    def step(self, at, number, status, by, note):
        # Whoever found nothing in stock has no order.
        if number in self.orders:
            change_status(self.orders[number], status, by=self.users[by], note=note)
            self.date_event(number, at)

    def deliver(self, at, articles, by):
        """Fill up what runs low."""
        for article, quantity in self.stock(articles).items():
            if quantity <= 2 * article.popularity:
                self.adjust(at, article, article.stock, by, "delivery")

    def damage(self, at, article, by):
        if self.stock([article])[article]:
            self.adjust(at, article, -1, by, "damaged")

    def adjust(self, at, article, delta, by, note):
        product = lock_product(self.products[article])
        adjust_stock(product, delta=delta, by=self.users[by], note=note)
        self.date_booking(article, at)

    def stock(self, articles):
        """Return how many there are of each."""
        quantities = dict(Product.objects.values_list("pk", "quantity"))
        return {article: quantities[self.products[article]] for article in articles}

    def date_event(self, number, at):
        """Put the order's newest event back to its time; no order is in the same state twice."""
        order = self.orders[number]
        order.events.filter(status=order.status).update(created_at=at)

    def date_booking(self, article, at):
        """Put the product's newest booking back to its time."""
        newest = StockMovement.objects.filter(product=self.products[article]).latest("id")
        StockMovement.objects.filter(pk=newest.pk).update(created_at=at)
