"""The callers of a run, and what is read once all faults are over."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from threading import Event
from urllib.parse import urlencode

from .admins import Keeper, Mover
from .callers import PATIENCE, Caller, GaveUp
from .customers import Customer
from .records import History
from .watchers import Devices, Follower, Newcomer, Visitor, next_path

CUSTOMERS, SCARCE, PLENTY = 5, 3, 9
FEEDS = ("/api/orders/events/", "/api/products/stock/")


class Load:
    """`with Load(...)`: all callers work until the end of the block, then until each has its answer."""

    def __init__(self, shop, seed):
        self.history = History()
        self.options = {"shop": shop, "records": self.history.records, "seed": seed}
        self.products = self.fill()
        self.callers = [*self.customers(), *self.admins(), *self.watchers()]

    def fill(self):
        """Create products, the first of which are scarce; return their ids."""
        owner = Caller(name="owner", **self.options)
        be_patient(owner)
        with contextlib.closing(owner):
            return [
                owner.change(
                    "POST", "/api/products/create/", {"name": name, "price": "12.50", "quantity": quantity}
                ).answer["id"]
                for name, quantity in [
                    *((f"Rare ball {number}", 40) for number in range(SCARCE)),
                    *((f"Bat {number}", 10_000) for number in range(PLENTY)),
                ]
            ]

    def customers(self):
        for number in range(CUSTOMERS):
            yield Customer(name=f"customer{number}", user=f"customer{number}", products=self.products, **self.options)

    def admins(self):
        quantities = count(20_000)  # each is used once, so that it identifies its row in the ledger
        yield Mover(name="mover", **self.options)
        for number in range(2):
            yield Keeper(name=f"keeper{number}", products=self.products, quantities=quantities, **self.options)

    def watchers(self):
        for path in FEEDS:
            yield Follower(name=f"follower of {path}", path=path, **self.options)
            yield Newcomer(name=f"follower of the latest of {path}", path=f"{path}?start=latest", **self.options)
        yield Devices(name="devices", user="devices", **self.options)
        yield Visitor(name="visitor", **self.options)

    def __enter__(self):
        for caller in self.callers:
            if isinstance(caller, Customer | Devices):
                be_patient(caller)
                caller.register()
        self.stop, self.threads = Event(), ThreadPoolExecutor(len(self.callers))
        for caller in self.callers:
            caller.deadline = None  # until the faults are over
            self.threads.submit(caller.run, self.stop)
        return self

    def __exit__(self, *error):
        be_patient(*self.callers, *chain(*(caller.others for caller in self.callers)))
        self.stop.set()
        self.threads.shutdown()

    def errors(self):
        """Return what kept callers from going on, such as a call that was never answered."""
        return [caller.error for caller in self.callers if caller.error]

    def read_everything(self):
        """Read all lists, feeds and the report once more; return what kept it from doing so."""
        reader = Caller(**self.options | {"name": "reader", "records": self.history.final})
        be_patient(reader)
        with contextlib.closing(reader):
            try:
                reader.get("/api/schema/")
                for path in ("/api/products/", "/api/products/?deleted=true", "/api/orders/", *FEEDS):
                    read_pages(reader, path)
                reader.get(f"/api/reports/sales/?{urlencode(days())}")
            except GaveUp as error:
                return [str(error)]
        return []


def be_patient(*callers):
    """Let callers give up a call that is not answered within the time that a recovery may take."""
    for caller in callers:
        caller.deadline = time.monotonic() + PATIENCE


def days():
    """Return the days of the report: clocks may be wrong, and the day may end."""
    today = datetime.now(UTC).date()
    return {"from": today - timedelta(days=2), "to": today + timedelta(days=1)}


def read_pages(reader, path):
    """Read a list or a feed to its end."""
    path += "&page_size=1000" if "?" in path else "?page_size=1000"
    while path:
        record = reader.get(path)
        path = record.answer and next_path(record)
