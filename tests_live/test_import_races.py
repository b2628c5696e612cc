"""A file is imported into a shop that goes on selling."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from .server import manage

PRODUCTS = 1000  # of two batches, and the file has the later ones first


def write(path, *rows):
    lines = ["id,name,price,quantity", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines))


def buy_until(over, server, ids, seed):
    """Order two of the products again and again; return the statuses of the answers."""
    choose, answers = random.Random(seed), []
    with server.connection() as connection:
        while not over.is_set():
            basket = {"items": [{"product": pk, "quantity": 1} for pk in choose.sample(ids, 2)]}
            answers.append(connection.call("POST", "/api/orders/", basket, server.customer).status)
    return answers


def test_an_import_loses_no_sale_and_refuses_none(server, tmp_path):
    file, over = tmp_path / "products.csv", threading.Event()
    write(file, *(("", f"Stone {n}", 1, 100_000) for n in range(PRODUCTS)))
    manage("import_products", str(file), DATABASE_URL=server.database_url)
    ids = [product["id"] for product in server.call("GET", "/api/products/?page_size=1000", token=server.admin).body]

    with ThreadPoolExecutor(6) as threads:
        buyers = [threads.submit(buy_until, over, server, ids, seed) for seed in range(6)]
        try:
            for price in range(2, 6):
                write(file, *((pk, "Stone", price, 100_000) for pk in reversed(ids)))
                manage("import_products", str(file), DATABASE_URL=server.database_url)
        finally:
            over.set()

    assert {status for buyer in buyers for status in buyer.result()} == {201}
    manage("verify_stock", DATABASE_URL=server.database_url)
