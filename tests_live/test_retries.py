"""A transaction that PostgreSQL aborts, so that another can continue, is retried as if nothing had happened."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from .admin_site import AdminSite
from .databases import ON_POSTGRES, aborting_commits, has_lock_wait, product_locks
from .server import PASSWORD, eventually, manage

pytestmark = pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer and aborts nothing")
ORDERS = "/api/orders/"


@pytest.fixture(scope="module")
def server(new_server):
    # With the limits on, because counting takes transactions too.
    with new_server(THROTTLE_ENABLED="on") as server:
        yield server
        manage("verify_stock", DATABASE_URL=server.database_url)


def new_name():
    return uuid.uuid4().hex


def create(server):
    return "POST", "/api/products/create/", {"name": "Ball", "price": 1, "quantity": 1}, server.admin


def change(server):
    return "PUT", f"/api/products/{server.create_product()['id']}/", {"quantity": 7}, server.admin


def adjust(server):
    return "POST", f"/api/products/{server.create_product()['id']}/stock/", {"delta": 2}, server.admin


def delete(server):
    return "DELETE", f"/api/products/{server.create_product()['id']}/delete/", None, server.admin


def restore(server):
    _, path, *_ = call = delete(server)
    assert server.call(*call).status == 200
    return "POST", path.replace("delete", "restore"), None, server.admin


def change_stock(server):
    products = [server.create_product()["id"] for _ in range(2)]
    changes = [{"product": product, "quantity": 7, "expected": 10} for product in products]
    return "POST", "/api/products/stock/", {"changes": changes}, server.admin


def order(server, *products, key=None):
    items = [{"product": product["id"], "quantity": 1} for product in products or [server.create_product()]]
    return "POST", ORDERS, {"items": items}, server.customer, {"Idempotency-Key": key}


def order_with_key(server):
    return order(server, key=new_name())


def cancel(server):
    return "POST", f"{ORDERS}{server.call(*order(server)).body['id']}/cancel/", None, server.customer


def register(server):
    return "POST", "/api/accounts/register/", {"username": new_name(), "password": PASSWORD}


def refresh(server):
    return "POST", "/api/login/refresh/", {"refresh": server.login("anna")["refresh"]}


def logout(server):
    return "POST", "/api/logout/", {"refresh": server.login("anna")["refresh"]}


def promote(server):
    server.call(*register(server))
    newest = server.call("GET", "/api/accounts/users/?ordering=-id", token=server.admin).body[0]
    return "PATCH", f"/api/accounts/users/{newest['id']}/", {"role": "admin"}, server.admin


def fail_to_log_in(server):
    return "POST", "/api/login/", {"username": "anna", "password": "wrong"}


USE_CASES = {
    create: 201,
    change: 200,
    adjust: 200,
    delete: 200,
    restore: 200,
    change_stock: 200,
    order: 201,
    order_with_key: 201,
    cancel: 200,
    register: 201,
    refresh: 200,
    logout: 200,
    promote: 200,
    fail_to_log_in: 401,
}


@pytest.mark.parametrize(("use_case", "status"), USE_CASES.items())
def test_a_transaction_aborted_twice_succeeds_at_the_third_attempt(server, use_case, status):
    call = use_case(server)
    with aborting_commits(server.database_url, times=2):
        assert server.call(*call).status == status


@pytest.mark.parametrize(("use_case", "status"), USE_CASES.items())
def test_after_three_aborted_attempts_the_caller_gets_a_503(server, use_case, status):
    call = use_case(server)
    with aborting_commits(server.database_url, times=3):
        answer = server.call(*call)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert server.call(*call).status == status


def test_a_step_that_is_retried_is_taken_once(server):
    call = cancel(server)
    with aborting_commits(server.database_url, times=2):
        answer = server.call(*call)

    events = server.call("GET", f"{ORDERS}{answer.body['id']}/events/", token=server.admin).body
    assert [event["status"] for event in events] == ["pending", "cancelled"]
    product = answer.body["items"][0]["product"]
    ledger = server.call("GET", f"/api/products/{product}/stock/", token=server.admin).body
    assert [row["delta"] for row in ledger] == [1, -1, 10]


def test_a_form_that_is_retried_says_once_what_happened(server):
    site, product = AdminSite(server), server.create_product(name="Once", quantity=10)
    page = f"/admin/products/product/{product['id']}/"
    form = site.hidden_inputs(f"{page}book_stock/") | {"_form_submitted": "True", "delta": "5", "note": ""}

    with aborting_commits(server.database_url, times=2):
        assert site.keep_cookies(server.call(*site.form(f"{page}book_stock/", form))).status == 302

    assert site.get(f"{page}change/").count("Once: 15 in stock.") == 1


def test_an_order_that_runs_into_a_deadlock_is_still_placed(server):
    one, other = server.create_product(), server.create_product()
    with ThreadPoolExecutor() as threads:
        with product_locks(server.database_url) as lock:
            lock(other["id"])
            answer = threads.submit(server.call, *order(server, one, other))
            eventually(lambda: has_lock_wait(server.database_url))
            # The order has locked this one, so PostgreSQL aborts the order.
            lock(one["id"])

        assert answer.result().status == 201
