"""Changes retried with their Idempotency-Key are made once, even in parallel and after kill -9."""

import uuid
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from .server import eventually, manage

ORDERS, PRODUCTS = "/api/orders/", "/api/products/"
DUPLICATES = 20
# The steps that must be taken before each step.
EARLIER = {"confirm": [], "cancel": [], "ship": ["confirm"], "deliver": ["confirm", "ship"]}
EARLIER["return"] = [*EARLIER["deliver"], "deliver"]


class Change(NamedTuple):
    """A call, the list that shows its changes, and the length of that list after the change was made once."""

    call: tuple
    trace: str
    length: int


def create(server):
    name = uuid.uuid4().hex
    return Change(
        ("POST", f"{PRODUCTS}create/", {"name": name, "price": 1, "quantity": 3}), f"{PRODUCTS}?search={name}", 1
    )


def delete(server):
    name = uuid.uuid4().hex
    product = server.create_product(name=name)["id"]
    return Change(("DELETE", f"{PRODUCTS}{product}/delete/", None), f"{PRODUCTS}?search={name}", 0)


def restore(server):
    deletion = delete(server)
    assert server.call(*deletion.call, server.admin).status == 200
    _, path, _ = deletion.call
    return deletion._replace(call=("POST", path.replace("delete", "restore"), None), length=1)


def on_product(method, path, body):
    def change(server):
        product = f"{PRODUCTS}{server.create_product()['id']}/"
        return Change((method, product + path, body), f"{product}stock/", 2)

    return change


def change_stock(server):
    product = server.create_product()["id"]
    changes = [{"product": product, "quantity": 7, "expected": 10}]
    return Change(("POST", f"{PRODUCTS}stock/", {"changes": changes}), f"{PRODUCTS}{product}/stock/", 2)


def place(server):
    product = server.create_product()["id"]
    call = "POST", ORDERS, {"items": [{"product": product, "quantity": 2}]}
    return Change(call, f"{PRODUCTS}{product}/stock/", 2)


def step(name):
    def change(server):
        order = f"{ORDERS}{server.call(*place(server).call, server.admin).body['id']}/"
        for earlier in EARLIER[name]:
            assert server.call("POST", f"{order}{earlier}/", {}, server.admin).status == 200
        return Change(("POST", f"{order}{name}/", {"note": "once"}), f"{order}events/", len(EARLIER[name]) + 2)

    return change


CHANGES = {
    "create": create,
    "put": on_product("PUT", "", {"quantity": 7, "price": "9.99"}),
    "patch": on_product("PATCH", "", {"quantity": 7}),
    "delete": delete,
    "restore": restore,
    "stock": on_product("POST", "stock/", {"delta": -2}),
    "stock of several products": change_stock,
    "place": place,
    **{name: step(name) for name in EARLIER},
}


def with_key(server, call):
    return *call, server.admin, {"Idempotency-Key": uuid.uuid4().hex}


def trace(server, change):
    return len(server.call("GET", change.trace, token=server.admin).body)


def essence(answer):
    return answer.status, answer.body, answer.headers["Location"], answer.headers["ETag"]


@pytest.fixture(scope="module", autouse=True)
def _ledger_matches_the_stock(server):
    yield
    manage("verify_stock", DATABASE_URL=server.database_url)


@pytest.mark.parametrize("name", CHANGES)
def test_parallel_duplicates_are_done_once_and_get_equal_answers(server, name):
    change = CHANGES[name](server)

    first, *others = server.at_once([with_key(server, change.call)] * DUPLICATES)

    assert first.status in (200, 201), first
    assert [essence(answer) for answer in others] == [essence(first)] * (DUPLICATES - 1)
    assert [answer.headers["Idempotent-Replayed"] for answer in (first, *others)].count(None) == 1
    assert trace(server, change) == change.length


def test_changes_whose_answers_were_lost_are_not_made_again(new_server):
    with new_server() as server:
        changes = [change(server) for change in CHANGES.values()]
        calls = [with_key(server, change.call) for change in changes]
        with ExitStack() as connections:
            for call in calls:
                connections.enter_context(server.connection()).begin(*call)
            eventually(lambda: all(trace(server, change) == change.length for change in changes))
            server.kill()
        server.start()

        answers = [server.call(*call) for call in calls]

        assert [answer.headers["Idempotent-Replayed"] for answer in answers] == ["true"] * len(calls)
        assert all(trace(server, change) == change.length for change in changes)
        manage("verify_stock", DATABASE_URL=server.database_url)
