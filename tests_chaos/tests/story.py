"""A history that is told call by call; a correct shop answers."""

import copy

from tests_chaos.records import Attempt, History, Record

from .products_of_shop import ADMIN
from .shop import Shop

DAYS = "from=2026-11-28&to=2026-11-29"
FINAL = [
    "products/?page_size=1000",
    "products/?page_size=1000&deleted=true",
    "orders/?page_size=100000",
    "products/stock/?page_size=100000",
    "orders/events/?page_size=100000",
    f"reports/sales/?{DAYS}",
]


class Story:
    """Calls start a second apart, and each takes a fifth of a second."""

    def __init__(self):
        self.shop, self.history, self.now = Shop(), History(), 0.0

    def call(self, method, path, body=None, *, user=ADMIN, client=None, **headers):
        record = self.once(method, path, body, user=user, client=client or user, headers=headers)
        self.history.records.append(record)
        return record

    def once(self, method, path, body=None, *, user=ADMIN, client="final", headers=None):
        record = Record(client, user, method, f"/api/{path}", body, headers or {})
        self.now += 1
        self.answer(record, self.shop.call(method, record.path, body, record.headers, user, self.now))
        record.attempts.append(Attempt(self.now - 0.1, self.now + 0.1, record.status))
        return record

    def answer(self, record, answered):
        record.status, record.answer, record.answer_headers = copy.deepcopy(answered)

    def follow(self, client, path):
        """Read the next page of a feed; `path` is that of the first one."""
        pages = [record for record in self.history.records if record.client == client]
        url = pages[-1].answer_headers["link"].split(">")[0].removeprefix("<http://shop/api/") if pages else path
        return self.call("GET", url, client=client)

    def end(self):
        """Read everything, and return the history."""
        self.history.final = [self.once("GET", path) for path in FINAL]
        return self.history
