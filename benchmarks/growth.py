"""Measure what a page costs as the shop grows: `python -m benchmarks.growth 1000 100000 1000000`.

For each size, a new database (SQLite, or on the PostgreSQL that DATABASE_URL names) is filled with that many products
and orders. Then the calls are made without a server, through the whole application, and the median times are printed.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from .run import KEY, new_database

REPEATS = 15
BATCH = 5000


def fill(size):
    """Write `size` products with a movement and `size` orders with two lines, directly: the API would take hours."""
    from accounts.models import User
    from orders.models import Order, OrderEvent, OrderLine
    from products.models import Product, StockMovement

    admin = User.objects.create_superuser("anna", password=None)
    customers = [User.objects.create_user(f"customer{number}") for number in range(100)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    statuses = ["pending", "confirmed", "shipped", "delivered", "delivered", "delivered", "cancelled", "returned"]
    for begin in range(1, size + 1, BATCH):
        numbers = range(begin, min(begin + BATCH, size + 1))
        Product.objects.bulk_create(
            Product(name=f"Product {n * 7919 % size}", price=Decimal(n * 31 % 99_999) / 100, quantity=n % 500)
            for n in numbers
        )
        StockMovement.objects.bulk_create(
            StockMovement(product_id=n, kind="created", delta=n % 500, balance=n % 500, by=admin) for n in numbers
        )
        times = {n: start + timedelta(seconds=n * 13) for n in numbers}
        Order.objects.bulk_create(
            Order(
                customer=customers[n % 100],
                status=statuses[n % 8],
                total=Decimal(n * 17 % 999_999) / 100,
                created_at=times[n],
                updated_at=times[n] + timedelta(hours=n % 50),
            )
            for n in numbers
        )
        OrderLine.objects.bulk_create(
            OrderLine(order_id=n, product_id=max(1, n - step), name="Bat", price=Decimal("12.50"), quantity=1)
            for n in numbers
            for step in ((0, 1) if n > 1 else (0,))
        )
        OrderEvent.objects.bulk_create(OrderEvent(order_id=n, status="pending", created_at=times[n]) for n in numbers)


def calls():
    """Return {name: (caller, path)}."""
    fields = ("id", "name", "-price", "quantity")
    shown = {f"products by {field}": ("customer", f"/api/products/?ordering={field}") for field in fields}
    shown["products, part of a name"] = "customer", "/api/products/?search=uct 77"
    shown["products, part of no name"] = "customer", "/api/products/?search=bicycle"
    shown["products, in a range of prices"] = "customer", "/api/products/?min_price=100&max_price=200&ordering=price"
    shown["products, none left"] = "customer", "/api/products/?in_stock=false"
    shown["products, rare filter, other ordering"] = "customer", "/api/products/?min_price=999.90&ordering=name"
    shown["low stock (admin)"] = "admin", "/api/products/?low_stock=3"
    shown["own orders"] = "customer", "/api/orders/"
    for ordering in ("-created_at", "-updated_at", "total"):
        shown[f"all orders by {ordering}"] = "admin", f"/api/orders/?ordering={ordering}"
    shown["orders by status"] = "admin", "/api/orders/?status=pending"
    shown["orders of an hour"] = (
        "admin",
        "/api/orders/?created_after=2026-01-01T01:00:00Z&created_before=2026-01-01T02:00:00Z",
    )
    shown["orders changed since"] = "admin", "/api/orders/?updated_since=2026-01-02T00:00:00Z&ordering=updated_at"
    shown["orders of a customer (admin)"] = "admin", "/api/orders/?customer=customer7"
    shown["orders of a product (admin)"] = "admin", "/api/orders/?product=499"
    shown["orders, open (admin)"] = "admin", "/api/orders/?status=pending,confirmed"
    shown["orders, rare totals (admin)"] = "admin", "/api/orders/?min_total=9999.90"
    shown["ledger of a product (admin)"] = "admin", "/api/products/499/stock/?kind=created"
    shown["feed of stock (admin)"] = "admin", "/api/products/stock/"
    shown["feed of orders (admin)"] = "admin", "/api/orders/events/"
    site = "/admin/orders/order/?q="
    for name, words in {"a number": "%23701", "a customer": "customer7", "a note": "bicycle"}.items():
        shown[f"admin site, orders, search for {name}"] = "site", f"{site}{words}"
    return shown


def median_ms(client, path):
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        response = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200, response.content
    return statistics.median(times)


def deep(client, path, pages=1000):
    """Return the path of the page that many pages after this one, or of the last page."""
    for _ in range(pages):
        link = client.get(path).headers.get("Link", "")
        following = [part for part in link.split(", ") if 'rel="next"' in part]
        if not following:
            break
        path = following[0].partition("<")[2].partition(">")[0].replace("http://testserver", "")
    return path


def measure(size):
    """Return {call: ms} for this size; sets up Django, so it needs its own process."""
    import django

    django.setup()
    logging.disable()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from rest_framework.test import APIClient

    from accounts.models import User
    from accounts.tokens import RefreshToken

    call_command("migrate", verbosity=0)
    fill(size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def client(name):
        client = APIClient()
        token = RefreshToken.for_user(User.objects.get(username=name)).access_token
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_PREFER="handling=strict")
        return client

    site = Client()
    site.force_login(User.objects.get(username="anna"))
    clients = {"customer": client("customer7"), "admin": client("anna"), "site": site}
    results = {}
    for name, (who, path) in calls().items():
        results[name] = median_ms(clients[who], path)
        if name.startswith(("products by", "own", "all", "orders by")):
            results[f"{name}, 1000 pages on"] = median_ms(clients[who], deep(clients[who], path))
    order = {"items": [{"product": 499, "quantity": 1}, {"product": 498, "quantity": 1}]}
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        assert clients["customer"].post("/api/orders/", order).status_code == 201
        times.append((time.perf_counter() - began) * 1000)
    results["placing an order"] = statistics.median(times)
    results["sales report, 30 days (admin)"] = median_ms(
        clients["admin"], "/api/reports/sales/?from=2026-01-01&to=2026-01-30"
    )
    return results


def main():
    sizes = [int(size) for size in sys.argv[1:]] or [1000, 100_000]
    os.environ["DJANGO_SETTINGS_MODULE"] = "order_management.settings"
    # As in production, because Django keeps every statement with DEBUG on.
    os.environ |= {"DEBUG": "off", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "testserver", "HTTPS": "off"}
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            os.environ["DATABASE_URL"] = new_database(folder, size)
            pid = os.fork()
            if not pid:
                lines = [f"{name}\t{ms:.2f}" for name, ms in measure(size).items()]
                (Path(folder) / "result").write_text("\n".join(lines))
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
            for line in (Path(folder) / "result").read_text().splitlines():
                name, ms = line.split("\t")
                table.setdefault(name, []).append(ms)
    print("| ms | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
