"""A node of the previous version and one of this version, on the same database: an upgrade node by node."""

import pytest

from .databases import prepare
from .previous import extract
from .server import PRODUCTION, Server, manage
from .test_feeds import STOCK, follow, read

KEY = {"Idempotency-Key": "sent-to-both"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of the previous version."""
    return extract(tmp_path_factory.mktemp("previous"))


@pytest.fixture(scope="module")
def previous(server, project, tmp_path_factory):
    """A server of the previous version, on the database of `server`."""
    log = tmp_path_factory.mktemp("log") / "log"
    with Server(PRODUCTION, database_url=server.database_url, log=log, project=project) as previous:
        yield previous


def order(server, note):
    product = server.create_product(quantity=10)["id"]
    return {"items": [{"product": product, "quantity": 3}], "note": note}


@pytest.mark.parametrize("upgraded", [True, False], ids=["to this version", "to the previous version"])
def test_an_order_is_retried_at_the_node_of_another_version(server, previous, upgraded):
    first, second = (previous, server) if upgraded else (server, previous)
    body, token = order(server, note="ring twice"), server.customer
    headers = {"Idempotency-Key": f"first-{upgraded}"}

    placed = first.call("POST", "/api/orders/", body, token, headers)
    replayed = second.call("POST", "/api/orders/", body, token, headers)
    other = second.call("POST", "/api/orders/", body | {"note": "changed"}, token, headers)

    assert (placed.status, replayed.status, other.status) == (201, 201, 422)
    assert replayed.body == placed.body
    assert replayed.headers["Location"] == placed.headers["Location"]
    assert replayed.headers["Idempotent-Replayed"] == "true"
    product = server.call("GET", f"/api/products/{body['items'][0]['product']}/", token=token).body
    assert product["quantity"] == 7


def test_a_key_of_the_previous_version_is_an_orders_key(server, previous):
    body = order(server, note="")
    assert previous.call("POST", "/api/orders/", body, server.admin, KEY).status == 201

    change = {"delta": 1}
    path = f"/api/products/{body['items'][0]['product']}/stock/"
    assert server.call("POST", path, change, server.admin, KEY).status == 422


def test_feeds_show_rows_written_by_a_node_of_the_previous_version(server, previous):
    body = order(server, note="")
    _, url = read(server, f"{STOCK}?start=latest")

    for node in (previous, server, previous):
        assert node.call("POST", "/api/orders/", body, server.customer).status == 201

    assert [row["balance"] for row in follow(server, url)] == [7, 4, 1]


def deliver(server):
    """Return the path of a delivered order of three pieces, and what it contains."""
    body = order(server, note="")
    path = f"/api/orders/{server.call('POST', '/api/orders/', body, server.customer).body['id']}/"
    for step in ("confirm", "ship", "deliver"):
        assert server.call("POST", f"{path}{step}/", token=server.admin).status == 200
    return path, body["items"][0]["product"]


def test_an_order_returned_at_a_node_of_the_previous_version_is_wholly_returned(server, previous):
    path, product = deliver(server)

    assert previous.call("POST", f"{path}return/", token=server.admin).status == 200

    assert server.call("GET", path, token=server.admin).body["items"][0]["returned"] == 3
    event = server.call("GET", f"{path}events/", token=server.admin).body[-1]
    assert (event["action"], event["items"]) == ("return", [{"product": product, "quantity": 3, "restock": True}])
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_a_node_of_the_previous_version_returns_no_piece_a_second_time(server, previous):
    path, product = deliver(server)
    part = {"items": [{"product": product, "quantity": 1}]}
    assert server.call("POST", f"{path}return/", part, server.admin).status == 200

    assert previous.call("POST", f"{path}return/", token=server.admin).status >= 400

    assert server.call("GET", f"/api/products/{product}/", token=server.admin).body["quantity"] == 8
    assert server.call("POST", f"{path}return/", token=server.admin).body["status"] == "returned"
    assert server.call("GET", f"/api/products/{product}/", token=server.admin).body["quantity"] == 10
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_one_machine_is_upgraded_and_goes_back(databases, project, tmp_path):
    url = databases.empty()
    prepare(url, project)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "1", project=project) as server:
        tokens = server.admin, server.customer
        body, (path, product) = order(server, note="before"), deliver(server)
        placed = server.call("POST", "/api/orders/", body, server.customer, KEY)
        before = orders_of(server, tokens)

    manage("migrate", DATABASE_URL=url)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "2") as server:
        assert orders_of(server, tokens) == before
        assert server.call("POST", "/api/orders/", body, server.customer, KEY).body == placed.body
        part = {"items": [{"product": product, "quantity": 1}]}
        assert server.call("POST", f"{path}return/", part, server.admin).body["status"] == "delivered"
        assert server.call("POST", "/api/orders/", body, server.customer).status == 201
        upgraded = orders_of(server, tokens)

    with Server(PRODUCTION, database_url=url, log=tmp_path / "3", project=project) as server:
        assert orders_of(server, tokens) == upgraded
        assert server.call("POST", "/api/orders/", body, server.customer, KEY).body == placed.body
    manage("verify_stock", DATABASE_URL=url)


def orders_of(server, tokens):
    """Return what both versions say about each order, read with these tokens of the Admin and the Customer."""
    server.admin, server.customer = tokens
    orders = server.call("GET", "/api/orders/", token=server.customer)
    assert (orders.status, len(orders.body) > 1) == (200, True)
    return [(order["id"], order["status"], order["total"], order["note"]) for order in orders.body]
