"""Clients of a correct shop whose calls overlap, get lost and are repeated, in virtual time."""

import heapq
import itertools
import random

from tests_chaos.checker.order_model import STEPS
from tests_chaos.records import Attempt, Record

from .products_of_shop import ADMIN
from .story import Story


class Simulation(Story):
    """`lost` is the share of attempts that get no answer; half of them take effect."""

    def __init__(self, seed, *, clients=6, products=3, lost=0.05):
        super().__init__()
        self.random = random.Random(seed)
        self.clients, self.lost = clients, lost
        self.queue, self.sequence = [], itertools.count()
        self.tags, self.refreshes = {}, {}
        for number in range(products):
            product = {"name": f"Product {number}", "price": f"{number + 1}.50", "quantity": 15}
            self.call("POST", "products/create/", product)

    def run(self, calls):
        """Return the history of so many calls, and of the final reading."""
        self.left = calls
        for number in range(self.clients):
            self.later(self.now + 1, self.begin, f"client{number}")
        for feed in ("orders/events", "products/stock"):
            self.later(self.now + 1, self.read_page, f"follower of {feed}", f"/api/{feed}/?page_size=7", ADMIN)
        while self.queue:
            self.now, _, act, *args = heapq.heappop(self.queue)
            act(*args)
        self.now += 1000
        return self.end()

    def later(self, moment, *event):
        heapq.heappush(self.queue, (moment, next(self.sequence), *event))

    def begin(self, client):
        if self.left <= 0:
            return
        self.left -= 1
        user = ADMIN if client in ("client0", "client1", "client2") else f"user-of-{client}"
        method, path, body, headers = self.choose(client, user)
        record = Record(client, user, method, path, body, headers)
        self.history.records.append(record)
        self.attempt(record)

    def attempt(self, record):
        began, took = self.now, self.random.expovariate(20)
        moment = began + took * self.random.random()
        if self.random.random() >= self.lost:
            self.later(moment, self.take_effect, record, began, began + took)
            return
        if self.random.random() < 0.5:
            moment += took * self.random.random() * 2
            self.later(moment, self.carry_out, record)
        record.attempts.append(Attempt(began, began + took, None))
        if self.random.random() < 0.1 and not record.client.startswith("follower"):
            self.later(began + took, self.begin, record.client)
        else:
            self.later(began + took, self.attempt, record)

    def carry_out(self, record):
        return self.shop.call(record.method, record.path, record.body, record.headers, record.user, self.now)

    def take_effect(self, record, began, ended):
        self.answer(record, self.carry_out(record))
        record.attempts.append(Attempt(began, ended, record.status))
        after = self.read_next if record.client.startswith("follower") else self.begin
        self.later(ended, after, record.client, *([record] if after == self.read_next else []))

    def answer(self, record, answered):
        super().answer(record, answered)
        if "etag" in record.answer_headers:
            self.tags[record.answer["id"]] = record.answer_headers["etag"]
        if isinstance(record.answer, dict) and "refresh" in record.answer:
            self.refreshes[record.client] = record.answer["refresh"]

    # What clients do

    def choose(self, client, user):
        method, path, body, *rest = self.random.choice(self.acts(user))(client)
        headers = {"Idempotency-Key": self.note()} if method != "GET" and "log" not in path else {}
        return method, f"/api/{path}", body, headers | (rest[0] if rest else {})

    def acts(self, user):
        both = [self.order, self.order, self.order, self.read, self.read, self.list, self.preview]
        both += [self.own_orders, self.read_order, self.session]
        return both if user != ADMIN else [*both, self.set, self.move, self.move, self.move, self.book, self.book_all]

    def note(self):
        return f"note-{next(self.sequence)}"

    def product(self):
        return self.random.randint(1, len(self.shop.products))

    def some(self):
        products = self.random.sample(list(self.shop.products), self.random.randint(1, 2))
        return [{"product": pk, "quantity": self.random.randint(1, 3)} for pk in products]

    def order(self, client):
        return "POST", "orders/", {"items": self.some(), "note": self.note()}

    def preview(self, client):
        return "POST", "orders/preview/", {"items": self.some()}

    def read(self, client):
        return "GET", f"products/{self.product()}/", None

    def list(self, client):
        return "GET", f"products/?page_size=100{self.random.choice(['', '&deleted=true'])}", None

    def own_orders(self, client):
        return "GET", "orders/?page_size=5", None

    def read_order(self, client):
        orders = list(self.shop.orders)
        return ("GET", f"orders/{self.random.choice(orders)}/", None) if orders else self.list(client)

    def session(self, client):
        if client not in self.refreshes or self.random.random() < 0.2:
            return "POST", "login/", {"username": client, "password": "secret"}
        path = self.random.choice(["login/refresh/", "login/refresh/", "logout/"])
        return "POST", path, {"refresh": self.refreshes[client]}

    def set(self, client):
        pk = self.product()
        body = self.random.choice([{"quantity": next(self.sequence)}, {"price": "7.00"}, {"name": self.note()}])
        headers = {"If-Match": self.tags[pk]} if self.random.random() < 0.5 else {}
        act = self.random.choice([("PUT", f"products/{pk}/", body), ("DELETE", f"products/{pk}/delete/", None)])
        if pk in self.shop.deleted:
            return "POST", f"products/{pk}/restore/", None
        return *act, headers

    def book(self, client):
        body = {"delta": self.random.choice([-3, 2, 5]), "note": self.note()}
        return "POST", f"products/{self.product()}/stock/", body

    def book_all(self, client):
        first, second, *_ = self.random.sample(list(self.shop.products), 2)
        known = self.shop.products[second]["quantity"]
        count = {"product": second, "quantity": known + 1} | self.random.choice([{}, {"expected": known}])
        return "POST", "products/stock/", {"changes": [{"product": first, "delta": 1}, count], "note": self.note()}

    def move(self, client):
        if not self.shop.orders:
            return self.list(client)
        body = {"note": self.note()}
        pk = self.random.choice(list(self.shop.orders))
        legal = [action for action in STEPS if self.shop.orders[pk]["status"] in STEPS[action]]
        action = self.random.choice(legal if legal and self.random.random() < 0.8 else list(STEPS))
        if action == "return":
            items = [{"product": self.shop.orders[pk]["items"][0]["product"], "quantity": 1}]
            body |= self.random.choice([{}, {"items": items}, {"items": items, "restock": False}])
        return "POST", f"orders/{pk}/{action}/", body

    # Followers

    def read_page(self, client, path, user):
        record = Record(client, user, "GET", path)
        self.history.records.append(record)
        self.attempt(record)

    def read_next(self, client, record):
        if self.left > 0:
            path = record.answer_headers["link"].split(">")[0].removeprefix("<http://shop")
            self.later(self.now + 0.2, self.read_page, client, path, record.user)
