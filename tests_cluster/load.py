"""Well-behaved clients that keep calling and record the responses they get."""

import contextlib
import http.client
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

from tests_live.server import PASSWORD, WAIT

from .history import STEPS

ORDERS, READS, STEPS_TAKEN = "orders", "reads", "steps"
RETRY_MAX = 1  # seconds between attempts; a longer Retry-After would only hide how soon the service is back


class Request(NamedTuple):
    kind: str
    began: float
    seconds: float
    status: int | None  # None: the connection broke or the response timed out

    @property
    def failed(self):
        return self.status is None or self.status >= 500 or self.status == 429


class Client:
    """One caller with one connection, which is kept until it breaks."""

    kind = READS

    def __init__(self, cluster, token, history):
        self.cluster, self.token, self.history = cluster, token, history
        self.requests, self.open, self.connection = [], contextlib.ExitStack(), None

    def run(self, stop):
        with self.open:
            while not stop.is_set():
                self.act()

    def act(self):
        path = random.choice(
            ("/api/products/", "/api/orders/?page_size=20", f"/api/products/{self.history.plenty[0]}/")
        )
        assert self.call("GET", path).status == 200

    def call(self, *arguments, headers=None, patience=2 * WAIT):
        """Retry until a response is not a failure, for up to `patience` seconds."""
        deadline, pause = time.monotonic() + patience, 0.05
        while True:
            request, answer = self.attempt(*arguments, headers=headers)
            if not request.failed:
                return answer
            assert time.monotonic() < deadline, (
                f"No successful response within {patience} seconds; the last attempt was {request}"
            )
            time.sleep(random.uniform(pause / 2, pause))
            pause = min(2 * pause, RETRY_MAX)

    def attempt(self, method, path, body=None, headers=None):
        """Make one attempt; return the request and the response, if any."""
        began, answer = time.monotonic(), None
        try:
            self.connection = self.connection or self.open.enter_context(self.cluster.connection())
            answer = self.connection.call(method, path, body, self.token, headers)
        except (OSError, http.client.HTTPException):
            self.open.close()
            self.connection = None
        status = answer and answer.status
        self.requests.append(Request(self.kind, began, time.monotonic() - began, status))
        return self.requests[-1], answer


class Buyer(Client):
    """Places orders, each with a key that is also its note."""

    kind = ORDERS

    def act(self):
        key = uuid.uuid4().hex
        answer = self.call("POST", "/api/orders/", self.history.body(key), headers={"Idempotency-Key": key})
        if answer.status == 201:
            self.history.acknowledged[key] = answer.body["id"]
        else:
            assert answer.status == 409, answer
            self.history.refused.add(key)


class Mover(Client):
    """An Admin who moves orders through their steps; cancelled orders return scarce stock."""

    kind = STEPS_TAKEN

    def act(self):
        status = random.choice(list(STEPS))
        orders = self.call("GET", f"/api/orders/?status={status}&page_size=50").body
        if not orders:
            return
        order, (step, after) = random.choice(orders), random.choice(STEPS[status])
        # Steps have no key, so after a failure only the next list of orders shows whether the step was taken.
        request, answer = self.attempt("POST", f"/api/orders/{order['id']}/{step}/", {})
        if not request.failed:
            # The replica shows an order a moment before the primary, which waits for the replica.
            too_soon = [404] if self.cluster.read_from_replica else []
            assert answer.status in (200, 409, *too_soon), answer
        if request.status == 200:
            self.history.steps.add((order["id"], after))


class Load:
    """`with Load(...)`: all clients work until the end of the block, then until each has its response."""

    def __init__(self, cluster, history, *, buyers=4, readers=3, movers=1):
        customers = [customer(cluster, f"customer{number}") for number in range(2)]
        self.clients = [Buyer(cluster, customers[number % 2], history) for number in range(buyers)]
        self.clients += [Client(cluster, customers[number % 2], history) for number in range(readers)]
        self.clients += [Mover(cluster, cluster.admin, history) for _ in range(movers)]

    def __enter__(self):
        self.stop, self.threads = threading.Event(), ThreadPoolExecutor(len(self.clients))
        self.running = [self.threads.submit(client.run, self.stop) for client in self.clients]
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.threads.shutdown()
        for client in self.running:
            client.result()

    @property
    def requests(self):
        return sorted((request for client in self.clients for request in client.requests), key=lambda it: it.began)

    def failed(self, *kinds):
        return [request for request in self.requests if request.failed and (not kinds or request.kind in kinds)]

    def placed(self):
        return sum(request.status == 201 for client in self.clients for request in list(client.requests))

    def longest_gap(self):
        """Return the longest time without a new order, in seconds."""
        ends = sorted(request.began + request.seconds for request in self.requests if request.status == 201)
        return max((after - before for before, after in pairwise(ends)), default=0)


def customer(cluster, name):
    """Return a token for the customer of this name, registering them if necessary."""
    cluster.call("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD})
    answer = cluster.call("POST", "/api/login/", {"username": name, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.body["access"]
