"""Admins: one moves orders along, one looks after the products and their stock."""

from .callers import Caller

STEPS = {"pending": "confirm", "confirmed": "ship", "shipped": "deliver", "delivered": "return"}


class Mover(Caller):
    """Moves orders through their steps, and takes some pieces back."""

    def act(self):
        status = self.random.choice(list(STEPS))
        orders = self.get(f"/api/orders/?status={status}&page_size=10&ordering=-updated_at").answer
        for order in self.random.sample(orders, min(3, len(orders))):
            step = "cancel" if status == "confirmed" and self.random.random() < 1 / 4 else STEPS[status]
            body = self.returned(order) if step == "return" else {}
            self.change("POST", f"/api/orders/{order['id']}/{step}/", body | {"note": self.note(step)})

    def returned(self, order):
        """Return what comes back: everything, or one piece of some lines, which may be damaged."""
        if self.random.random() < 1 / 4:
            return {}
        lines = self.random.sample(order["items"], self.random.randint(1, len(order["items"])))
        pieces = [{"product": line["product"], "quantity": 1} for line in lines]
        return {"items": pieces, "restock": self.random.random() < 3 / 4}


class Keeper(Caller):
    """Changes products and their stock, one at a time and several at once."""

    def __init__(self, *arguments, products, quantities, **options):
        super().__init__(*arguments, **options)
        self.products, self.quantities = products, quantities

    def act(self):
        actions = {
            self.restock: 5,
            self.adjust: 3,
            self.count: 4,
            self.set_price: 2,
            self.rename: 1,
            self.set_quantity: 3,
        }
        actions |= {self.delete_and_restore: 2, self.create: 1, self.read_ledger: 1}
        self.random.choices(list(actions), actions.values())[0]()

    def restock(self):
        """Bring in a few pieces of several products, all or nothing."""
        chosen = self.random.sample(self.products, self.random.randint(1, 5))
        changes = [{"product": product, "delta": self.random.randint(1, 40)} for product in chosen]
        self.change("POST", "/api/products/stock/", {"changes": changes, "note": self.note("restock")})

    def adjust(self):
        path, delta = self.path(), self.random.choice((-5, -2, -1, 1, 3, 30))
        self.change("POST", f"{path}stock/", {"delta": delta, "note": self.note("adjust")}, **self.match(path))

    def count(self):
        """Count several products, whose stock must be what was just read."""
        listed = self.get("/api/products/?page_size=100").answer
        chosen = self.random.sample(listed, min(3, len(listed)))
        changes = [
            {
                "product": product["id"],
                "quantity": max(0, product["quantity"] + self.random.randint(-2, 2)),
                "expected": product["quantity"],
            }
            for product in chosen
        ]
        self.change("POST", "/api/products/stock/", {"changes": changes, "note": self.note("count")})

    def set_price(self):
        path = self.path()
        self.change("PATCH", path, {"price": f"{self.random.randint(1, 99_999) / 100:.2f}"}, **self.match(path))

    def rename(self):
        path = self.path()
        self.change("PATCH", path, {"name": self.note("Bat")}, **self.match(path))

    def set_quantity(self):
        path = self.path()
        self.change("PUT", path, {"quantity": next(self.quantities)}, **self.match(path))

    def delete_and_restore(self):
        path = self.path(self.products[-2:])
        self.change("DELETE", f"{path}delete/")
        self.change("POST", f"{path}restore/")

    def read_ledger(self):
        self.get(f"{self.path()}stock/?page_size=20")

    def create(self):
        name = self.note("Product")
        self.change("POST", "/api/products/create/", {"name": name, "price": "9.99", "quantity": 5})

    def path(self, products=None):
        return f"/api/products/{self.random.choice(products or self.products)}/"

    def match(self, path):
        """Half of the time, read the product and return an If-Match, so that no change made since is overwritten."""
        read = self.get(path) if self.random.random() < 1 / 2 else None
        return {"If-Match": read.answer_headers["etag"]} if read and read.status == 200 else {}
