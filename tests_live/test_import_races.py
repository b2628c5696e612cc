"""A file is imported into a shop that goes on selling."""

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from .admin_site import AdminSite
from .databases import ON_POSTGRES, locked
from .server import manage

IMPORT = "/admin/products/product/import/"
RUNNING = "Another import is running. Try again when it is done."
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


def count_products(server):
    return int(manage("verify_stock", DATABASE_URL=server.database_url).split()[0])


def test_of_two_imports_of_one_file_at_the_same_moment_one_is_done(server):
    site = AdminSite(server)
    file, before = "id,name,price,quantity\n" + ",Twin,5.50,2\n" * 500, count_products(server)

    for number in range(1, 6):
        forms = [site.hidden_inputs(IMPORT) for _ in range(2)]
        answers = server.at_once([site.upload(IMPORT, form, f"{file},Twin,{number},2\n") for form in forms])

        assert sorted(answer.status for answer in answers) == [200, 302]
        [other] = [answer.body for answer in answers if answer.status == 200]
        assert "This file was already imported by anna" in other
    assert count_products(server) == before + 5 * 501


@contextlib.contextmanager
def import_running(url):
    """A database in which an import runs for a while."""
    if not ON_POSTGRES:
        with locked(url):
            yield
        return
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock('products_product'::regclass::oid::bigint)")
        yield


def test_an_import_that_waits_for_another_says_so(server, tmp_path):
    site, path = AdminSite(server), tmp_path / "products.csv"
    write(path, ("", "Late", 1, 1))
    call = site.upload(IMPORT, site.hidden_inputs(IMPORT), path.read_text())

    with import_running(server.database_url), ThreadPoolExecutor(2) as threads:
        page = threads.submit(server.call, *call)
        command = threads.submit(manage, "import_products", str(path), DATABASE_URL=server.database_url)
        assert RUNNING in page.result().body
        with pytest.raises(AssertionError, match=RUNNING):
            command.result()

    # Nothing was imported, and the form's token is not used up.
    assert server.call(*call).status == 302
