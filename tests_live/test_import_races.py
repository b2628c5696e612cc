"""Imports into a shop that keeps selling."""

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
PRODUCTS = 1000  # two batches, and the file lists the higher ids first


def write(path, *rows):
    lines = ["id,name,price,quantity", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines))


def buy_until(stop, server, ids, seed):
    """Keep ordering two random products; return the statuses of the responses."""
    choose, answers = random.Random(seed), []
    with server.connection() as connection:
        while not stop.is_set():
            basket = {"items": [{"product": pk, "quantity": 1} for pk in choose.sample(ids, 2)]}
            answers.append(connection.call("POST", "/api/orders/", basket, server.customer).status)
    return answers


def test_an_import_neither_loses_nor_refuses_a_sale(server, tmp_path):
    file, stop = tmp_path / "products.csv", threading.Event()
    write(file, *(("", f"Stone {n}", 1, 100_000) for n in range(PRODUCTS)))
    manage("import_products", str(file), DATABASE_URL=server.database_url)
    ids = [product["id"] for product in server.call("GET", "/api/products/?page_size=1000", token=server.admin).body]

    with ThreadPoolExecutor(6) as threads:
        buyers = [threads.submit(buy_until, stop, server, ids, seed) for seed in range(6)]
        try:
            for price in range(2, 6):
                write(file, *((pk, "Stone", price, 100_000) for pk in reversed(ids)))
                manage("import_products", str(file), DATABASE_URL=server.database_url)
        finally:
            stop.set()

    assert {status for buyer in buyers for status in buyer.result()} == {201}
    manage("verify_stock", DATABASE_URL=server.database_url)


def count_products(server):
    return int(manage("verify_stock", DATABASE_URL=server.database_url).split()[0])


def test_a_file_imported_twice_at_once_is_imported_once(server):
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
    """Hold the lock of an import."""
    if not ON_POSTGRES:
        with locked(url):
            yield
        return
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock('products_product'::regclass::oid::bigint)")
        yield


def test_an_import_during_another_one_says_so(server, tmp_path):
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


def delete_and_restore_until(stop, server, product):
    """Keep deleting and restoring a product, and return the statuses of the answers."""
    path, answers = f"/api/products/{product}/", []
    while not stop.is_set():
        for method, action in (("DELETE", "delete"), ("POST", "restore")):
            answers.append(server.call(method, f"{path}{action}/", token=server.admin).status)
    return answers


def test_an_import_changes_all_products_or_none_while_one_is_deleted_and_restored(server):
    site, stop = AdminSite(server), threading.Event()
    ids, answers = [server.create_product(quantity=10)["id"] for _ in range(3)], {}

    with ThreadPoolExecutor(1) as threads:
        toggler = threads.submit(delete_and_restore_until, stop, server, ids[1])
        try:
            for quantity in range(11, 51):
                file = "id,quantity\n" + "".join(f"{pk},{quantity}\n" for pk in ids)
                answers[quantity] = server.call(*site.upload(IMPORT, site.hidden_inputs(IMPORT), file))
        finally:
            stop.set()

    assert set(toggler.result()) == {200}
    assert {answer.status for answer in answers.values()} == {200, 302}
    for answer in answers.values():
        assert answer.status == 302 or f"id: Product {ids[1]} was deleted." in answer.body
    imported = [quantity for quantity, answer in answers.items() if answer.status == 302]
    for pk in ids:
        rows = server.call("GET", f"/api/products/{pk}/stock/", token=server.admin).body
        assert [row["balance"] for row in rows] == [*reversed(imported), 10]
    assert server.call("GET", f"/api/products/{ids[1]}/", token=server.admin).body["quantity"] == imported[-1]
    manage("verify_stock", DATABASE_URL=server.database_url)
