"""The API against a model: after any calls in any order, stock and orders match the model."""

from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from .server import manage

STEPS = {
    "confirm": ({"pending"}, "confirmed"),
    "ship": ({"confirmed"}, "shipped"),
    "deliver": ({"shipped"}, "delivered"),
    "cancel": ({"pending", "confirmed"}, "cancelled"),
    "return": ({"delivered"}, "returned"),
}
QUANTITIES = st.integers(0, 20)
CHANGES = st.fixed_dictionaries({"delta": st.integers(-20, 20).filter(bool)}) | st.fixed_dictionaries(
    {"quantity": QUANTITIES}, optional={"expected": QUANTITIES}
)
PRICES = st.decimals(0, 100, places=2)


class Shop(RuleBasedStateMachine):
    """Each run creates its own products on the same server."""

    server = None
    products = Bundle("products")
    orders = Bundle("orders")

    def __init__(self):
        super().__init__()
        self.stock, self.prices, self.placed, self.returned, self.keys = {}, {}, {}, {}, {}
        self.deleted = set()
        self.run = uuid4().hex

    def call(self, method, path, body=None, token=None, headers=None):
        return self.server.call(method, f"/api/{path}", body, token or self.server.admin, headers)

    @rule(target=products, price=PRICES, quantity=QUANTITIES)
    def create(self, price, quantity):
        body = {"name": "Thing", "price": str(price), "quantity": quantity}
        product = self.call("POST", "products/create/", body).body["id"]
        self.stock[product], self.prices[product] = quantity, price
        return product

    @rule(product=products, quantity=QUANTITIES)
    def set_stock(self, product, quantity):
        answer = self.call("PUT", f"products/{product}/", {"quantity": quantity})
        assert answer.status == (404 if product in self.deleted else 200)
        if answer.status == 200:
            self.stock[product] = quantity

    @rule(product=products, price=PRICES)
    def set_price(self, product, price):
        answer = self.call("PATCH", f"products/{product}/", {"price": str(price)})
        assert answer.status == (404 if product in self.deleted else 200)
        if answer.status == 200:
            assert answer.body["quantity"] == self.stock[product]
            self.prices[product] = price

    @rule(product=products, delta=st.integers(-20, 20))
    def adjust_stock(self, product, delta):
        answer = self.call("POST", f"products/{product}/stock/", {"delta": delta})
        if delta == 0:
            assert answer.status == 400
        elif product in self.deleted:
            assert answer.status == 404
        elif self.stock[product] + delta < 0:
            assert answer.status == 409
        else:
            assert answer.status == 200
            self.stock[product] += delta

    @rule(product=products)
    def delete(self, product):
        answer = self.call("DELETE", f"products/{product}/delete/")
        assert answer.status == (404 if product in self.deleted else 200)
        self.deleted.add(product)

    @rule(product=products)
    def restore(self, product):
        answer = self.call("POST", f"products/{product}/restore/")
        assert answer.status == (200 if product in self.deleted else 409)
        if answer.status == 200:
            assert answer.body["quantity"] == self.stock[product]
        self.deleted.discard(product)

    @rule(changes=st.lists(st.tuples(products, CHANGES), min_size=1, max_size=3, unique_by=lambda each: each[0]))
    def change_stock(self, changes):
        body = {"changes": [{"product": product} | change for product, change in changes]}
        answer = self.call("POST", "products/stock/", body)
        stock = {product: self.stock[product] for product, _ in changes}
        differing = {product for product, change in changes if change.get("expected", stock[product]) != stock[product]}
        short = {product for product, change in changes if stock[product] + change.get("delta", 0) < 0}
        if stock.keys() & self.deleted:
            assert answer.status == 400
        elif refused := differing | short:
            assert answer.status == 409
            assert answer.body["code"] == ("stock_differs" if differing else "stock_out_of_bounds")
            assert {line["product"] for line in answer.body["items"]} == refused
        else:
            assert answer.status == 200
            for product, change in changes:
                self.stock[product] = change.get("quantity", stock[product] + change.get("delta", 0))

    @rule(
        target=orders,
        lines=st.lists(st.tuples(products, st.integers(1, 10)), min_size=1, max_size=4),
        key=st.none() | st.sampled_from("abc"),
    )
    def place(self, lines, key):
        body = {"items": [{"product": product, "quantity": quantity} for product, quantity in lines]}
        headers = {"Idempotency-Key": f"{self.run}-{key}"} if key else None
        answer = self.call("POST", "orders/", body, self.server.customer, headers)
        wanted = {}
        for product, quantity in lines:
            wanted[product] = wanted.get(product, 0) + quantity
        if key in self.keys:
            first_lines, first_answer = self.keys[key]
            assert (answer.status, answer.body) == ((201, first_answer) if first_lines == lines else (422, answer.body))
        elif wanted.keys() & self.deleted:
            assert answer.status == 400
        elif short := {product for product, quantity in wanted.items() if quantity > self.stock[product]}:
            assert answer.status == 409
            assert {line["product"] for line in answer.body["items"]} == short
        else:
            assert answer.status == 201
            total = sum(self.prices[product] * quantity for product, quantity in wanted.items())
            assert answer.body["total"] == f"{total:.2f}"
            for product, quantity in wanted.items():
                self.stock[product] -= quantity
            self.placed[answer.body["id"]] = ["pending", wanted]
            self.returned[answer.body["id"]] = dict.fromkeys(wanted, 0)
            if key:
                self.keys[key] = lines, answer.body
        return answer.body.get("id")

    @rule(order=orders, step=st.sampled_from(sorted(STEPS)))
    def take_a_step(self, order, step):
        if order is None:
            return
        sources, target = STEPS[step]
        status, lines = self.placed[order]
        answer = self.call("POST", f"orders/{order}/{step}/")
        assert answer.status == (200 if status in sources else 409)
        if answer.status == 200:
            self.placed[order][0] = target
            if target in ("cancelled", "returned"):
                for product, quantity in lines.items():
                    self.stock[product] += quantity - self.returned[order][product]
            if target == "returned":
                self.returned[order] = dict(lines)

    @rule(order=orders)
    def deliver(self, order):
        for step in ("confirm", "ship", "deliver"):
            self.take_a_step(order, step)

    @rule(order=orders, quantities=st.lists(st.integers(0, 5), min_size=4, max_size=4), restock=st.booleans())
    def return_some(self, order, quantities, restock):
        if order is None:
            return
        status, lines = self.placed[order]
        pieces = {product: count for product, count in zip(lines, quantities, strict=False) if count}
        if not pieces:
            return
        body = {"items": [{"product": product, "quantity": count} for product, count in pieces.items()]}
        answer = self.call("POST", f"orders/{order}/return/", body | {"restock": restock})
        returned = self.returned[order]
        too_many = {product for product, count in pieces.items() if returned[product] + count > lines[product]}
        if status != "delivered":
            assert (answer.status, answer.body["code"]) == (409, "illegal_step")
        elif too_many:
            assert answer.body["code"] == "not_returnable"
            assert {line["product"] for line in answer.body["items"]} == too_many
        else:
            for product, count in pieces.items():
                returned[product] += count
                self.stock[product] += count if restock else 0
            self.placed[order][0] = "returned" if returned == lines else "delivered"
            assert (answer.status, answer.body["status"]) == (200, self.placed[order][0])

    @invariant()
    def stock_matches_the_model(self):
        for product, quantity in self.stock.items():
            rows = self.call("GET", f"products/{product}/stock/?page_size=1000").body
            assert rows[0]["balance"] == sum(row["delta"] for row in rows) == quantity

    @invariant()
    def orders_match_the_model(self):
        for order, (status, _) in self.placed.items():
            body = self.call("GET", f"orders/{order}/").body
            assert body["status"] == status
            assert {line["product"]: line["returned"] for line in body["items"]} == self.returned[order]


def test_the_api_behaves_like_its_model(server):
    Shop.server = server
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    manage("verify_stock", DATABASE_URL=server.database_url)
