"""`POST /api/orders/preview/`: what an order would be."""

import pytest
from django.apps import apps

from orders.models import Order
from products.models import Product
from products.services import create_product

URL = "/api/orders/preview/"


def lines(*pairs, **more):
    return {"items": [{"product": getattr(product, "pk", product), "quantity": n} for product, n in pairs]} | more


def test_a_preview_has_the_lines_and_the_total_of_the_order(api, customer, bat, ball):
    body = lines((ball, 1), (bat, 2), (ball, 2), note="ring twice")

    preview = api(customer).post(URL, body)

    assert preview.status_code == 200
    assert list(preview.json()) == ["items", "total", "short"]
    order = api(customer).post("/api/orders/", body).json()
    assert preview.json() == {"items": order["items"], "total": order["total"], "short": []}


def test_everything_that_is_short_is_named_by_id(api, customer, bat, ball):
    response = api(customer).post(URL, lines((ball, 3), (bat, 11), (ball, 1)))

    assert response.status_code == 200
    assert response.json()["short"] == [
        {"product": bat.pk, "requested": 11, "available": 10},
        {"product": ball.pk, "requested": 4, "available": 3},
    ]
    assert response.json()["total"] == "13400.00"


def test_nothing_is_written_and_no_key_is_kept(api, customer, bat):
    def rows():
        return {model: list(model.objects.order_by("pk").values()) for model in apps.get_models()}

    client = api(customer)
    before = rows()
    for key in ("a-key", "two words"):
        assert client.post(URL, lines((bat, 2)), headers={"Idempotency-Key": key}).status_code == 200

    assert rows() == before


def test_the_expected_total_is_not_compared(api, customer, bat):
    assert api(customer).post(URL, lines((bat, 1), expected_total="1.00")).json()["total"] == "1200.00"
    assert api(customer).post(URL, lines((bat, 1), expected_total="x")).status_code == 400


def test_it_refuses_what_an_order_refuses(api, admin, customer, bat, ball):
    api(admin).delete(f"/api/products/{ball.pk}/delete/")
    Product.objects.filter(pk=bat.pk).update(price="99999999.99")

    for body in ({}, {"items": []}, lines((bat, 0)), lines((bat, 1), (ball, 1), (999, 1)), lines((bat, 101)), [1]):
        preview, order = (api(customer).post(url, body) for url in (URL, "/api/orders/"))
        assert (preview.status_code, preview.json()) == (400, order.json())
    assert not Order.objects.exists()


def test_an_admin_can_preview_for_a_customer(api, admin, customer, bat):
    assert api(admin).post(URL, lines((bat, 1), customer="CARL")).json()["total"] == "1200.00"


@pytest.mark.parametrize("count", [1, 100])
def test_a_preview_takes_two_statements(api, admin, customer, count, django_assert_num_queries):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(count)]
    client = api(customer)

    # The user; the products. There is no transaction.
    with django_assert_num_queries(2):
        client.post(URL, lines(*[(product, 1) for product in products]))
