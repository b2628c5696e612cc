"""The responses that clients got, compared with the contents of the database."""

import random

from tests_live.server import manage

STEPS = {
    "pending": [("confirm", "confirmed"), ("cancel", "cancelled")],
    "confirmed": [("ship", "shipped"), ("cancel", "cancelled")],
    "shipped": [("deliver", "delivered")],
    "delivered": [("return", "returned")],
}
PLENTY, SCARCE = 10**6, 40
RETURNED_TO_STOCK = ("cancelled", "returned")


class History:
    """Some products, and the outcome of every order by its key, which is also the note of the order."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.plenty = [self.create("Bat", PLENTY) for _ in range(3)]
        self.scarce = self.create("Rare ball", SCARCE)
        self.keys, self.acknowledged, self.refused, self.steps = set(), {}, set(), set()

    def create(self, name, quantity):
        product = {"name": name, "price": "12.50", "quantity": quantity}
        answer = self.cluster.call("POST", "/api/products/create/", product, self.cluster.admin)
        assert answer.status == 201, answer
        return answer.body["id"]

    def body(self, note):
        """Return an order of two products; every eighth also asks for the scarce one."""
        self.keys.add(note)
        products = random.sample(self.plenty, 2) + [self.scarce] * (random.random() < 1 / 8)
        return {"items": [{"product": product, "quantity": 1} for product in products], "note": note}

    def errors(self):
        """Return a sentence for everything that contradicts a response or is inconsistent."""
        return [*self.wrong_orders(), *self.wrong_steps(), *self.wrong_stock()]

    def wrong_orders(self):
        ids = {}
        statement = "SELECT note, id FROM orders_order WHERE note = ANY(%s)"
        for note, pk in self.cluster.primary.query(statement, list(self.keys)):
            ids.setdefault(note, []).append(pk)
        yield from (f"{note} was ordered {len(found)} times." for note, found in ids.items() if len(found) > 1)
        for key, pk in self.acknowledged.items():
            if pk not in ids.get(key, []):
                yield f"{key} was acknowledged as order {pk} but is lost."
        yield from (f"{key} was refused but exists." for key in self.refused & ids.keys())

    def wrong_steps(self):
        taken = [tuple(row) for row in self.cluster.primary.query("SELECT order_id, status FROM orders_orderevent")]
        if len(taken) != len(set(taken)):
            yield "A step was taken twice."
        yield from (
            f"Order {pk} was acknowledged as {status} but has no such event." for pk, status in self.steps - set(taken)
        )

    def wrong_stock(self):
        for pk, start in [*((pk, PLENTY) for pk in self.plenty), (self.scarce, SCARCE)]:
            [[quantity]] = self.cluster.primary.query("SELECT quantity FROM products_product WHERE id = %s", pk)
            sold = self.sold(pk)
            if quantity != start - sold or quantity < 0:
                yield f"Product {pk} has {quantity} left of {start}, but {sold} are sold."

    def sold(self, pk):
        lines = "orders_orderline AS line JOIN orders_order ON orders_order.id = line.order_id"
        statement = f"SELECT coalesce(sum(quantity), 0) FROM {lines} WHERE product_id = %s AND status <> ALL(%s)"  # noqa: S608
        [[sold]] = self.cluster.primary.query(statement, pk, list(RETURNED_TO_STOCK))
        return sold

    def check(self):
        assert self.acknowledged
        assert list(self.errors()) == []
        manage("verify_stock", DATABASE_URL=self.cluster.primary.url)
