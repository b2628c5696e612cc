"""Admins order for customers who are locked out, are deleted or place orders themselves at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from .databases import ON_POSTGRES, has_lock_wait, user_being_deleted, user_being_locked_out
from .server import PASSWORD, eventually, manage

ORDERS = "/api/orders/"
NO_USER = {"customer": ["There is no active user with this name."]}


def register(server, name):
    """Register a user; return their path and their token."""
    server.call("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD})
    token = server.login(name)["access"]
    pk = server.call("GET", "/api/accounts/me/", token=token).body["id"]
    return f"/api/accounts/users/{pk}/", token


def order_for(server, name, *products):
    """Return the call by which an Admin orders one of each product for a customer."""
    items = [{"product": product["id"], "quantity": 1} for product in products]
    return "POST", ORDERS, {"items": items, "customer": name}, server.admin


def orders_of(server, name):
    return server.call("GET", f"{ORDERS}?customer={name}&page_size=1000", token=server.admin).body


def aborted(server):
    """Return how many transactions PostgreSQL aborted because of a deadlock."""
    return server.output.count("The database aborted a transaction.")


@pytest.fixture(autouse=True)
def _ledger_matches_the_stock(server):
    yield
    manage("verify_stock", DATABASE_URL=server.database_url)


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer: the order begins after the change")
@pytest.mark.parametrize("change", [user_being_deleted, user_being_locked_out], ids=["deleted", "locked_out"])
def test_an_order_waits_for_a_change_of_its_customer_and_is_refused(server, change):
    product = server.create_product()
    register(server, change.__name__)
    with ThreadPoolExecutor() as threads:
        with change(server.database_url, change.__name__):
            answer = threads.submit(server.call, *order_for(server, change.__name__, product))
            eventually(lambda: has_lock_wait(server.database_url))

        assert (answer.result().status, answer.result().body) == (400, NO_USER)
    assert orders_of(server, change.__name__) == []


def test_orders_placed_while_the_customer_is_locked_out_are_placed_or_refused(server):
    product = server.create_product(quantity=100)
    for n in range(5):
        path, _ = register(server, f"leaver{n}")
        order = order_for(server, f"leaver{n}", product)

        done, *answers = server.at_once([("PATCH", path, {"is_active": False}, server.admin), *[order] * 8])

        assert done.status == 200
        placed = [answer for answer in answers if answer.status == 201]
        assert [answer.body for answer in answers if answer not in placed] == [NO_USER] * (8 - len(placed))
        assert len(orders_of(server, f"leaver{n}")) == len(placed)
        assert server.call(*order).status == 400


def test_orders_by_admins_and_the_customer_do_not_block_each_other(new_server):
    """With a limit, orders lock their customer."""
    with new_server(ORDER_RATE="1000/h", THROTTLE_ENABLED="on") as server:
        one, other = server.create_product(quantity=1000), server.create_product(quantity=1000)
        path, token = register(server, "busy")
        body = {"items": [{"product": product["id"], "quantity": 1} for product in (other, one)]}
        access = [("PATCH", path, {"is_active": True}, server.admin)] * 20

        rounds = server.rounds_at_once(
            [
                *[[order_for(server, "busy", one, other)] * 20] * 3,
                *[[("POST", ORDERS, body, token)] * 20] * 3,
                access,
            ]
        )

        assert {answer.status for answers in rounds[:6] for answer in answers} == {201}
        assert {answer.status for answer in rounds[6]} == {200}
        assert aborted(server) == 0
        manage("verify_stock", DATABASE_URL=server.database_url)


def test_orders_for_an_admin_do_not_block_what_this_admin_changes(server):
    """A change locks its product and then its author; an order locks its customer and then its products."""
    product = server.create_product(quantity=1000)
    name = server.call("GET", "/api/accounts/me/", token=server.admin).body["username"]
    path, before = f"/api/products/{product['id']}/", aborted(server)

    rounds = server.rounds_at_once(
        [
            *[[order_for(server, name, product)] * 5] * 3,
            *[[("PUT", path, {"price": "5.00"}, server.admin)] * 5] * 3,
        ]
    )

    assert {answer.status for answers in rounds for answer in answers} == {200, 201}
    assert aborted(server) == before
