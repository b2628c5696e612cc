"""Changes to products with an Idempotency-Key."""

import pytest

from accounts.models import IdempotencyKey
from products.models import Product, StockMovement

CREATE = "/api/products/create/"


def with_key(call, url, *data):
    return call(url, *data, headers={"Idempotency-Key": "a-key"})


def test_a_product_is_created_once(api, admin):
    body = {"name": "Bat", "price": "12.5", "quantity": 1}

    first, again = (with_key(api(admin).post, CREATE, body) for _ in range(2))

    assert (again.status_code, again.content) == (201, first.content)
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert Product.objects.count() == 1


def test_stock_is_adjusted_once_whatever_has_changed_since(api, admin, bat):
    url = f"/api/products/{bat.pk}/stock/"
    first = with_key(api(admin).post, url, {"delta": -2})
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    again = with_key(api(admin).post, url, {"delta": -2})

    assert (again.status_code, again.content, again["ETag"]) == (200, first.content, first["ETag"])
    assert StockMovement.objects.filter(kind="adjusted").count() == 1


def test_a_change_is_made_once(api, admin, bat):
    url = f"/api/products/{bat.pk}/"
    first = with_key(api(admin).put, url, {"quantity": 7})
    api(admin).put(url, {"quantity": 9})

    assert with_key(api(admin).put, url, {"quantity": 7}).content == first.content
    assert Product.objects.get().quantity == 9


def test_a_deletion_answers_again(api, admin, bat):
    answers = [with_key(api(admin).delete, f"/api/products/{bat.pk}/delete/") for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"message": "Product deleted"})] * 2


@pytest.mark.parametrize(("method", "path"), [("patch", ""), ("put", "1"), ("delete", "")])
def test_a_key_is_refused_for_another_call(api, admin, bat, method, path):
    with_key(api(admin).put, f"/api/products/{bat.pk}/", {"quantity": 7})

    url = f"/api/products/{bat.pk}{path}/" + ("delete/" if method == "delete" else "")
    assert with_key(getattr(api(admin), method), url, {"quantity": 7}).status_code == 422


def test_the_role_is_checked_before_the_key(api, admin, customer, bat):
    url = f"/api/products/{bat.pk}/"
    with_key(api(admin).put, url, {"quantity": 7})
    admin.set_access(role="customer")

    assert with_key(api(admin).put, url, {"quantity": 7}).status_code == 403


def test_a_refusal_is_not_stored(api, admin, bat):
    assert with_key(api(admin).post, f"/api/products/{bat.pk}/stock/", {"delta": -11}).status_code == 409
    assert not IdempotencyKey.objects.exists()
