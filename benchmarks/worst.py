"""Measure the most expensive requests anybody can send: `make worst`, or `make worst ARGS="--before <revision>"`.

Each request goes to a production server (granian, one worker) that has just started and answered a few ordinary calls.
The figures are the CPU time of the server's processes (user and system), the peak memory growth of the largest one, and
the size of the answer. With `--before`, the same requests are also sent to an earlier revision of the code.
"""

import argparse
import contextlib
import http.client
import json
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .run import ADMIN, BIN, CUSTOMER, OURS, PASSWORD, ROOT, STRICT, Server, check_out, show

REPEATS, SECONDS = 5, 20
MEGABYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}

# Written directly, because the API would take minutes: large orders, and many products and users to search.
FILL = """
from accounts.models import User
from orders.models import Order, OrderLine
from products.models import Product, StockMovement
customer = User.objects.get(username="carl")
User.objects.bulk_create(User(username=f"user {n}", username_folded=f"user {n}", password="!") for n in range(20_000))
products = Product.objects.bulk_create(Product(name=f"Product {n}", price=n, quantity=10**6) for n in range(20_000))
note = "\\u20ac" * 500
StockMovement.objects.bulk_create(
    StockMovement(product=products[0], kind="set", delta=1, balance=n, note=note) for n in range(1000)
)
orders = Order.objects.bulk_create(Order(customer=customer, total=1, note=note) for _ in range(1000))
for order in orders:
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, name="Product", price=1, quantity=1) for product in products[:100]
    )
"""


class Request(NamedTuple):
    method: str
    path: str
    by: str = "anybody"
    body: str = ""
    headers: dict = {}


def filled(pattern, head="[", tail="0]"):
    """Return JSON of nearly a megabyte that repeats the pattern."""
    return head + pattern * ((MEGABYTE - 1000) // len(pattern)) + tail


def field(name, value):
    return f'{{"{name}": {value}}}'


TEXT = filled("x", '"', '"')
KEYS = "{" + ",".join(f'"{number}":0' for number in range(100_000)) + "}"
LINES = json.dumps({"items": [{"product": number, "quantity": 1} for number in range(1, 101)]})
REGISTER, LOGIN, REFRESH = "/api/accounts/register/", "/api/login/", "/api/login/refresh/"


# How forms of the admin site are sent. A cookie with the same token as the form passes Django's CSRF check.
CSRF_TOKEN, BOUNDARY = "a" * 64, "boundary"
COOKIE = {"Cookie": f"csrftoken={CSRF_TOKEN}"}
MULTIPART = COOKIE | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
URLENCODED = COOKIE | {"Content-Type": "application/x-www-form-urlencoded"}
SITE_LOGIN, SITE_PRODUCTS = "/admin/login/", "/admin/products/product/"


def form(fields):
    """Return a form of the admin site as the body of a MULTIPART request."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in ({"csrfmiddlewaretoken": CSRF_TOKEN} | fields).items()
    ]
    return "".join(parts) + f"--{BOUNDARY}--\r\n"


def site_login(username):
    return Request("POST", SITE_LOGIN, body=form({"username": username, "password": "wrong"}), headers=MULTIPART)


def credentials(username, password):
    return json.dumps({"username": username, "password": password})


REQUESTS = {
    "registration": Request("POST", REGISTER, body=credentials("user{now}", PASSWORD)),
    "login, wrong password": Request("POST", LOGIN, body=credentials(CUSTOMER, "wrong")),
    "login, 1 MB of arrays": Request("POST", LOGIN, body=filled("[],")),
    "registration, 1 MB of arrays": Request("POST", REGISTER, body=filled("[],")),
    "registration, 1 MB of nested arrays": Request("POST", REGISTER, body=filled("[" * 30 + "]" * 30 + ",")),
    "registration, 1 MB of objects": Request("POST", REGISTER, body=filled('{"":0},')),
    "registration, 50,000 objects": Request("POST", REGISTER, body="[" + '{"":0},' * 49_990 + "0]"),
    "registration, 100,000 keys": Request("POST", REGISTER, body=KEYS),
    "registration, 1 MB of numbers as the name": Request("POST", REGISTER, body=field("username", filled("0,"))),
    "registration, a name of 1 MB": Request("POST", REGISTER, body=field("username", TEXT)),
    "login, a password of 1 MB": Request("POST", LOGIN, body=field("password", TEXT)),
    "refresh, a token of 1 MB": Request("POST", REFRESH, body=field("refresh", '"eyJ.' + "e30" * 345_000 + '.x"')),
    "the OpenAPI document": Request("GET", "/api/schema/"),
    "the page of the docs": Request("GET", "/api/docs/"),
    "a token of 8 kB": Request("GET", "/api/products/", headers={"Authorization": "Bearer " + "x." * 4000}),
    "a token of 64 kB": Request("GET", "/api/products/", headers={"Authorization": "Bearer " + "x." * 32_000}),
    "100,000 query parameters": Request("GET", "/api/products/?" + "a&" * 100_000),
    "4,000 bytes of query without a slash": Request("GET", "/api/products?x=" + "x" * 3990),
    "order, 500,000 zeros as items": Request("POST", "/api/orders/", CUSTOMER, field("items", filled("0,"))),
    "order, 100 wrong items": Request("POST", "/api/orders/", CUSTOMER, field("items", json.dumps([{}] * 100))),
    "order, 1 MB of digits as expected_total": Request(
        "POST", "/api/orders/", CUSTOMER, field("expected_total", filled("1", '"', '"'))
    ),
    "order, 1 MB of numbers as expected_total": Request(
        "POST", "/api/orders/", CUSTOMER, field("expected_total", filled("0,"))
    ),
    "order, a note of 1 MB": Request("POST", "/api/orders/", CUSTOMER, field("note", TEXT)),
    "order of 100 lines": Request("POST", "/api/orders/", CUSTOMER, LINES),
    "own account, an email of 1 MB": Request(
        "PATCH", "/api/accounts/me/", CUSTOMER, field("email", filled("a.", '"', 'a@example.com"'))
    ),
    "own account, 1 MB of unknown fields": Request("PATCH", "/api/accounts/me/", CUSTOMER, KEYS),
    "own account, 1 MB of unknown fields, strict": Request("PATCH", "/api/accounts/me/", CUSTOMER, KEYS, STRICT),
    "order, 100 items of 90 unknown fields, strict": Request(
        "POST", "/api/orders/", CUSTOMER, field("items", json.dumps([dict.fromkeys(range(90))] * 100)), STRICT
    ),
    "page of 1,000 orders of 100 lines": Request("GET", "/api/orders/?page_size=1000", CUSTOMER),
    "page of 100 orders of 100 lines": Request("GET", "/api/orders/", CUSTOMER),
    "page of 1,000 products": Request("GET", "/api/products/?page_size=1000", CUSTOMER),
    "search of 20,000 products that finds nothing": Request("GET", "/api/products/?search=bicycle", CUSTOMER),
    "cursor of 3,900 bytes": Request("GET", "/api/products/?cursor=" + "x" * 3900, CUSTOMER),
    "user, a role of 1 MB": Request("PATCH", "/api/accounts/users/2/", ADMIN, field("role", TEXT)),
    "user, 1 MB of arrays as the role": Request("PATCH", "/api/accounts/users/2/", ADMIN, field("role", filled("[],"))),
    "product, 1 MB of blanks as the price": Request(
        "PUT", "/api/products/2/", ADMIN, field("price", filled(" ", '"', 'x"'))
    ),
    "page of 1,000 users": Request("GET", "/api/accounts/users/?page_size=1000", ADMIN),
    "page of 1,000 ledger rows with long notes": Request("GET", "/api/products/1/stock/?page_size=1000", ADMIN),
    "admin login, a name of 30,000 combining marks": site_login("a" + "\u0301" * 15_000 + "\u0316" * 15_000),
    "admin login, a name of 63,000 quotation marks": site_login('"' * 63_000),
    "admin import, 2.5 MB of a form": Request(
        "POST",
        f"{SITE_PRODUCTS}import/",
        body=f"csrfmiddlewaretoken={CSRF_TOKEN}&x=" + "%41" * 830_000,
        headers=URLENCODED,
    ),
    "admin list of products, 1,999 forms": Request(
        "POST",
        SITE_PRODUCTS,
        ADMIN,
        form({"form-TOTAL_FORMS": 1999, "form-INITIAL_FORMS": 1999, "_save": "Save"}),
        MULTIPART,
    ),
    "sales report of 366 days": Request("GET", "/api/reports/sales/?from=2026-01-01&to=2027-01-01", ADMIN),
}


class Shop(Server):
    """A server that runs the code in a folder, with a shop that has large orders."""

    def __init__(self, folder, database, log):
        super().__init__(OURS, f"sqlite:///{database}", log, cores="0,1", folder=folder)

    def prepare_database(self):
        """Create the shop once; every start of the server uses it."""
        for command in self.prepare:
            self.run(command.split())
        with self.running():
            self.expect(201, "POST", REGISTER, {"username": CUSTOMER, "password": PASSWORD})
        self.run([f"{BIN}/python", "manage.py", "shell", "--verbosity", "0", "--command", FILL])

    @contextlib.contextmanager
    def running(self):
        self.__dict__.pop("connection", None)
        self.launch()
        try:
            self.wait()
            yield
        finally:
            self.__exit__()

    def warm_up(self):
        """Make ordinary calls, so that whatever is compiled on first use has been compiled."""
        self.tokens = {CUSTOMER: self.log_in(CUSTOMER), ADMIN: self.log_in(ADMIN)}
        self.session = self.log_in_to_site()
        for name, token in self.tokens.items():
            for path in ("/api/products/", "/api/orders/?page_size=1", "/api/schema/", "/api/accounts/me/"):
                self.expect(200, "GET", path, None, token)
            self.call("POST", "/api/orders/", {"items": []}, token)
            self.call("PATCH", "/api/accounts/users/2/", {"role": name}, token)

    def log_in_to_site(self):
        """Log in to the admin site as an Admin; return the session key."""
        body = form({"username": ADMIN, "password": PASSWORD})
        self.connection.request("POST", SITE_LOGIN, body, MULTIPART)
        response = self.connection.getresponse()
        response.read()
        return re.search("sessionid=([^;]+)", str(response.headers))[1]

    def measure(self, request):
        """Return the status, CPU in ms, memory growth in MB and size of the answer in kB, over a few attempts."""
        with self.running():
            self.warm_up()
            tries, began = [], time.perf_counter()
            while len(tries) < REPEATS and time.perf_counter() - began < SECONDS:
                tries.append(self.attempt(request))
        statuses, cpu, growth, size = zip(*tries, strict=True)
        return statuses[0], statistics.median(cpu) * 1000, max(growth), max(size) / 1024

    def attempt(self, request):
        self.forget_peaks()
        memory, cpu = self.memory(), self.cpu()
        status, size = self.send(request)
        return status, self.cpu() - cpu, self.peak() - memory, size

    def send(self, request):
        headers = dict(JSON) | request.headers
        if request.by in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[request.by]}"
        if request.by == ADMIN and "Cookie" in headers:
            headers["Cookie"] += f"; sessionid={self.session}"
        body = request.body.replace("{now}", str(time.time_ns())).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(request.method, request.path, body, headers)
            response = connection.getresponse()
            return response.status, len(response.read())
        except (OSError, http.client.HTTPException):  # refused by the server before it reaches the application
            return 0, 0
        finally:
            connection.close()

    def cpu(self):
        """Return the CPU time of its processes in seconds, to the nanosecond."""
        return sum(int(file.read_text().split()[0]) for file in self.threads("schedstat")) / 1e9

    def threads(self, name):
        for status in self.processes("task"):
            for thread in status.iterdir():
                yield thread / name

    def forget_peaks(self):
        for file in self.processes("clear_refs"):
            file.write_text("5")

    def peak(self):
        """Return the peak memory of its largest process since `forget_peaks`, in MB."""
        sizes = [re.search(r"VmHWM:\s+(\d+)", file.read_text()) for file in self.processes("status")]
        return max(int(size[1]) for size in sizes if size) / 1024


def measure(folder, names, title):
    """Return {request: figures} for the code in the folder."""
    with tempfile.TemporaryDirectory() as place:
        shop = Shop(folder, Path(place) / "shop.sqlite3", Path(place) / "log")
        shop.prepare_database()
        figures = {}
        for name in names:
            show(f"{title}: {name}")
            figures[name] = shop.measure(REQUESTS[name])
        return figures


def table(results, count):
    """Return a table of the `count` most expensive requests, with columns for each of the results."""
    dearest = sorted(next(iter(results.values())), key=lambda name: -max(each[name][1] for each in results.values()))
    titles = [f"{what}{title}" for what in ("status", "CPU, ms", "memory, MB", "answer, kB") for title in results]
    lines = ["| request | by | " + " | ".join(titles) + " |", "| --- " * (len(titles) + 2) + "|"]
    for name in dearest[:count]:
        figures = [f"{each[name][column]:.0f}" for column in range(4) for each in results.values()]
        lines.append(f"| {name} | {ROLES[REQUESTS[name].by]} | " + " | ".join(figures) + " |")
    return "\n".join(lines)


ROLES = {"anybody": "anybody", CUSTOMER: "Customer", ADMIN: "Admin"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", metavar="REVISION", help="compare with this revision of the code")
    parser.add_argument("--all", action="store_true", help="show all requests instead of the ten most expensive")
    parser.add_argument(
        "--request", nargs="+", choices=REQUESTS, default=list(REQUESTS), help="measure only these requests"
    )
    options = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        if options.before:
            results[", before"] = measure(check_out(options.before, folder), options.request, "before")
        results[", now" if options.before else ""] = measure(ROOT, options.request, "now")
    show("")
    print(table(results, len(REQUESTS) if options.all else 10))


if __name__ == "__main__":
    main()
