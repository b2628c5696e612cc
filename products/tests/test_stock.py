from datetime import UTC, datetime

import pytest

from products.models import Product, StockMovement


def url(product):
    return f"/api/products/{product.pk}/stock/"


def ledger(client, product):
    rows = client.get(url(product)).json()
    assert sum(row["delta"] for row in rows) == rows[0]["balance"] == Product.objects.get(pk=product.pk).quantity
    return [(row["kind"], row["delta"], row["balance"], row["order"], row["by"], row["note"]) for row in rows]


def test_the_documented_call(api, admin, bat):
    response = api(admin).post(url(bat), {"delta": -2, "note": "damaged"})

    assert response.status_code == 200
    assert response.json() == {"id": bat.pk, "name": "Bat", "price": "1200.00", "quantity": 8}
    row = api(admin).get(url(bat)).json()[0]
    assert list(row) == ["id", "kind", "delta", "balance", "order", "by", "note", "created_at"]
    assert row["created_at"].endswith("Z")


def test_every_change_is_in_the_ledger_newest_first(api, admin, customer, bat):
    client = api(admin)
    client.put(f"/api/products/{bat.pk}/", {"quantity": 12, "name": "Club"})
    client.patch(f"/api/products/{bat.pk}/", {"quantity": 12, "price": 5})
    client.post(url(bat), {"delta": -2, "note": "damaged"})
    first = api(customer).post("/api/orders/", {"items": [{"product": bat.pk, "quantity": 3}]}).json()["id"]
    second = api(customer).post("/api/orders/", {"items": [{"product": bat.pk, "quantity": 1}]}).json()["id"]
    api(customer).post(f"/api/orders/{first}/cancel/")
    for step in ("confirm", "ship", "deliver", "return"):
        client.post(f"/api/orders/{second}/{step}/")

    assert ledger(client, bat) == [
        ("returned", 1, 10, second, "anna", ""),
        ("cancelled", 3, 9, first, "carl", ""),
        ("ordered", -1, 6, second, "carl", ""),
        ("ordered", -3, 7, first, "carl", ""),
        ("adjusted", -2, 10, None, "anna", "damaged"),
        ("set", 2, 12, None, "anna", ""),
        ("created", 10, 10, None, "anna", ""),
    ]


def test_a_new_product_without_stock_has_a_ledger_row_too(api, admin):
    product = api(admin).post("/api/products/create/", {"name": "Net", "price": 1, "quantity": 0}).json()

    assert ledger(api(admin), Product.objects.get(pk=product["id"])) == [("created", 0, 0, None, "anna", "")]


@pytest.mark.parametrize("delta", [-11, 2**31 - 10])
def test_stock_stays_within_its_bounds(api, admin, bat, delta):
    response = api(admin).post(url(bat), {"delta": delta})

    assert response.status_code == 409
    assert response.json() == {"detail": "The stock must stay between 0 and 2147483647.", "code": "stock_out_of_bounds"}
    assert len(ledger(api(admin), bat)) == 1


@pytest.mark.parametrize("delta", [-10, 2**31 - 11])
def test_the_bounds_are_allowed(api, admin, bat, delta):
    assert api(admin).post(url(bat), {"delta": delta}).json()["quantity"] == 10 + delta


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("delta", value) for value in [0, 1.5, "ten", "", True, None, [], {}, 2**31, -(2**31), 10**30]],
        *[("note", value) for value in ["a" * 501, "nul\0", None, [], True]],
    ],
)
def test_a_malformed_adjustment_is_refused(api, admin, bat, field, value):
    response = api(admin).post(url(bat), {"delta": 1} | {field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert len(ledger(api(admin), bat)) == 1


def test_an_adjustment_with_if_match_fails_once_the_product_has_changed(api, admin, bat):
    client = api(admin)
    tag = client.get(f"/api/products/{bat.pk}/")["ETag"]

    booked = client.post(url(bat), {"delta": 1}, HTTP_IF_MATCH=tag)
    assert booked["ETag"] == client.get(f"/api/products/{bat.pk}/")["ETag"] != tag
    assert client.post(url(bat), {"delta": 1}, HTTP_IF_MATCH=tag).status_code == 412
    assert Product.objects.get().quantity == 11


def test_the_ledger_of_a_deleted_product_remains(api, admin, bat):
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    assert api(admin).post(url(bat), {"delta": 1}).status_code == 404
    assert len(ledger(api(admin), bat)) == 1


def test_a_customer_cannot_see_or_change_the_ledger(api, customer, bat):
    assert api(customer).get(url(bat)).status_code == 403
    assert api(customer).post(url(bat), {"delta": 1}).status_code == 403


def test_the_ledger_is_paginated(api, admin, bat):
    client = api(admin)
    for _ in range(4):
        client.post(url(bat), {"delta": 1})

    first = client.get(f"{url(bat)}?page_size=3")
    second = client.get(first["Link"].split(">")[0][1:])

    assert [row["balance"] for row in first.json() + second.json()] == [14, 13, 12, 11, 10]


@pytest.fixture
def moved(api, admin, customer, bat):
    """Three days of bats: created, adjusted, and an order placed and canceled. Returns its id."""
    api(admin).post(url(bat), {"delta": 5})
    order = api(customer).post("/api/orders/", {"items": [{"product": bat.pk, "quantity": 3}]}).json()["id"]
    api(customer).post("/api/orders/", {"items": [{"product": bat.pk, "quantity": 1}]})
    api(customer).post(f"/api/orders/{order}/cancel/")
    for day, movement in enumerate(StockMovement.objects.order_by("id"), start=1):
        StockMovement.objects.filter(pk=movement.pk).update(created_at=datetime(2026, 11, day, tzinfo=UTC))
    return order


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=ordered", [11, 12]),
        ("kind=set", []),
        ("kind=", [14, 11, 12, 15, 10]),
        ("kind=created&kind=adjusted", [15]),
        ("order={order}", [14, 12]),
        ("order={order}&kind=cancelled", [14]),
        ("order=9223372036854775807", []),
        ("created_after=2026-11-03T00:00:00Z", [14, 11]),
        ("created_before=2026-11-03T00:00:00Z", [15, 10]),
        ("created_after=2026-11-02&created_before=2026-11-05T01:00:00%2B02:00", [11, 12]),
        ("order=&created_after=&created_before=", [14, 11, 12, 15, 10]),
    ],
)
def test_the_ledger_can_be_filtered(api, admin, bat, moved, query, expected):
    path = f"{url(bat)}?{query.format(order=moved)}"
    response = api(admin).get(path, headers={"Prefer": "handling=strict"})

    assert [row["balance"] for row in response.json()] == expected


@pytest.mark.parametrize(
    "query",
    [
        *[f"kind={value}" for value in ["lost", "ORDERED", "ordered,cancelled", "%00"]],
        *[f"order={value}" for value in ["0", "-1", "x", "1.5", "9223372036854775808", "null", "%00", "1_0"]],
        *[f"created_after={value}" for value in ["x", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "%00"]],
        "created_before=now",
    ],
)
def test_a_malformed_filter_of_the_ledger_is_named(api, admin, bat, query):
    response = api(admin).get(f"{url(bat)}?{query}")

    assert response.status_code == 400
    assert list(response.json()) == [query.split("=")[0]]


def test_the_pages_of_a_filtered_ledger_keep_the_filter(api, admin, bat, moved):
    first = api(admin).get(f"{url(bat)}?kind=ordered&page_size=1")
    second = api(admin).get(first["Link"].split(">")[0][1:])

    assert [row["balance"] for row in first.json() + second.json()] == [11, 12]


def test_the_filtered_ledger_of_an_unknown_product_is_a_404(api, admin, bat):
    for pk in (0, 2**63, 10**30):
        response = api(admin).get(f"/api/products/{pk}/stock/?kind=set")
        assert (response.status_code, response.json()["detail"]) == (404, "No Product matches the given query.")


def test_the_ledger_is_read_only_in_the_admin_site(client, admin, bat):
    client.force_login(admin)
    movement = StockMovement.objects.get()
    base = "/admin/products/stockmovement/"

    assert "created" in client.get(base).content.decode()
    assert client.post(f"{base}add/").status_code == 403
    assert client.post(f"{base}{movement.pk}/change/", {"delta": 5}).status_code == 403
    assert client.post(f"{base}{movement.pk}/delete/", {"post": "yes"}).status_code == 403
