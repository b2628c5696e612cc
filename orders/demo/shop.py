"""What people do in the demo shop, each by the rules that hold in any other."""

from operator import itemgetter

from django.db import transaction

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.services import change_status, place_order
from products.models import Product, StockMovement
from products.services import adjust_stock, create_product

from .data import username

TIMES = [
    (User, "date_joined"),
    (Order, "created_at"),
    (Order, "updated_at"),
    (OrderEvent, "created_at"),
    (StockMovement, "created_at"),
]


@transaction.atomic
def act_out(actions, *, password, now):
    """Do what a timeline says, all of it or nothing; each thing is written as of its time, which is before `now`."""
    shop = Shop(password)
    for action in actions:
        action.do(shop, **action.details)
        backdate(action.at, now)


def backdate(at, now):
    """Give what has been written since `now`, that is by the last action, the time it is of."""
    for model, field in TIMES:
        model.objects.filter(**{f"{field}__gte": now}).update(**{field: at})


class Shop:
    def __init__(self, password):
        """`password` is hashed, and everybody's."""
        self.password = password
        self.users = {}
        self.products = {}
        self.orders = {}

    def join(self, name, role):
        first, last = name.split()
        user = User(username=username(name), password=self.password, first_name=first, last_name=last, role=role)
        user.email = f"{user.username}@shop.example"
        user.save()
        self.users[name] = user

    def offer(self, article, by):
        product = create_product(name=article.name, price=article.price, quantity=article.stock, by=self.users[by])
        self.products[article] = product.pk

    def order(self, number, customer, basket, note):
        """Order of the basket what there is."""
        stock = self.stock(basket)
        items = [
            {"product": self.products[article], "quantity": min(quantity, stock[article])}
            for article, quantity in basket.items()
            if stock[article]
        ]
        if items:
            pk, _ = place_order(customer=self.users[customer], items=items, note=note, describe=itemgetter("id"))
            self.orders[number] = Order.objects.get(pk=pk)

    def step(self, number, status, by, note):
        # Whoever found nothing in stock has no order.
        if number in self.orders:
            change_status(self.orders[number], status, by=self.users[by], note=note)

    def deliver(self, articles, by):
        """Fill up what runs low."""
        for article, quantity in self.stock(articles).items():
            if quantity <= 2 * article.popularity:
                adjust_stock(self.products[article], article.stock, by=self.users[by], note="delivery")

    def damage(self, article, by):
        if self.stock([article])[article]:
            adjust_stock(self.products[article], -1, by=self.users[by], note="damaged")

    def stock(self, articles):
        """Return how many there are of each."""
        quantities = dict(Product.objects.values_list("pk", "quantity"))
        return {article: quantities[self.products[article]] for article in articles}
