"""Customers: they look, order, and sometimes change their minds."""

from decimal import Decimal

from .callers import Caller


class Customer(Caller):
    def __init__(self, *arguments, products, **options):
        super().__init__(*arguments, **options)
        self.products, self.orders, self.prices = products, [], {}

    def act(self):
        actions = {self.order: 10, self.look: 3, self.look_closer: 3, self.preview: 1, self.own_orders: 3}
        actions |= {self.read_order: 2, self.read_events: 1, self.cancel: 2} if self.orders else {}
        self.random.choices(list(actions), actions.values())[0]()

    def basket(self):
        """Return lines of an order of 1 to 5 products, the first of which are in most baskets."""
        weights = [8 if number < 3 else 1 for number in range(len(self.products))]
        chosen = self.random.choices(self.products, weights, k=self.random.randint(1, 5))
        return [{"product": product, "quantity": self.random.randint(1, 3)} for product in chosen]

    def order(self):
        body = {"items": self.basket(), "note": self.note("order")}
        if self.random.random() < 1 / 4 and all(line["product"] in self.prices for line in body["items"]):
            total = sum(self.prices[line["product"]] * line["quantity"] for line in body["items"])
            body["expected_total"] = f"{total:.2f}"
        record = self.change("POST", "/api/orders/", body)
        if record.status == 201:
            self.orders = [*self.orders, record.answer["id"]][-20:]

    def preview(self):
        self.call("POST", "/api/orders/preview/", {"items": self.basket()})

    def look(self):
        record = self.get(self.random.choice(("/api/products/", "/api/products/?in_stock=true&ordering=-price")))
        if record.status == 200:
            self.prices = {product["id"]: Decimal(product["price"]) for product in record.answer}

    def look_closer(self):
        self.get(f"/api/products/{self.random.choice(self.products)}/")

    def own_orders(self):
        self.get("/api/orders/?page_size=10")

    def read_order(self):
        self.get(f"/api/orders/{self.random.choice(self.orders)}/")

    def read_events(self):
        self.get(f"/api/orders/{self.random.choice(self.orders)}/events/")

    def cancel(self):
        order = self.random.choice(self.orders[-3:])
        self.change("POST", f"/api/orders/{order}/cancel/", {"note": self.note("cancel")})
