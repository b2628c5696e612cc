import pytest
from django.db import IntegrityError

from products.models import Product


def url(product):
    return f"/api/products/{product.pk}/"


def test_the_documented_call(api, admin, bat):
    response = api(admin).put(url(bat), {"quantity": 15})

    assert response.status_code == 200
    assert response.json() == {"id": bat.id, "name": "Bat", "price": "1200.00", "quantity": 15}
    assert api(admin).get(url(bat)).json() == response.json()


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("change", [{"name": "Club"}, {"price": "9.90"}, {"quantity": 0}, {"name": "A", "quantity": 1}])
def test_only_the_fields_sent_change(api, admin, bat, method, change):
    before = api(admin).get(url(bat)).json()

    assert getattr(api(admin), method)(url(bat), change).json() == before | change


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_empty_change_changes_nothing(api, admin, bat, method, django_assert_num_queries):
    client, before = api(admin), api(admin).get(url(bat)).json()

    with django_assert_num_queries(5):  # the user; BEGIN, the product, the user again, COMMIT
        response = getattr(client, method)(url(bat), {})

    assert (response.status_code, response.json()) == (200, before)


def test_a_customer_changes_nothing(api, customer, bat):
    assert api(customer).put(url(bat), {"quantity": 15}).status_code == 403
    bat.refresh_from_db()
    assert bat.quantity == 10


@pytest.mark.parametrize("change", [{"name": ""}, {"price": -1}, {"quantity": None}, {"quantity": 1.5}])
def test_a_malformed_change_is_refused_as_a_whole(api, admin, bat, change):
    response = api(admin).put(url(bat), {"name": "Club", "price": 1, "quantity": 1} | change)

    assert response.status_code == 400
    assert list(response.json()) == list(change)
    bat.refresh_from_db()
    assert (bat.name, bat.quantity) == ("Bat", 10)


def test_a_price_change_does_not_touch_the_current_stock(bat):
    stale = Product.objects.get()
    Product.objects.update(quantity=3)

    stale.update(price=5)

    bat.refresh_from_db()
    assert (bat.price, bat.quantity) == (5, 3)


@pytest.mark.parametrize("pk", [0, 999, 2**63, 10**30, "9" * 5000])
@pytest.mark.parametrize("method", ["get", "put", "patch"])
def test_an_unknown_product_is_a_404(api, admin, pk, method):
    response = getattr(api(admin), method)(f"/api/products/{pk}/")

    assert response.status_code == 404
    assert list(response.json()) == ["detail", "code"]


@pytest.mark.parametrize("values", [{"price": -1}, {"quantity": -1}])
def test_the_database_refuses_negative_amounts(bat, values):
    with pytest.raises(IntegrityError):
        Product.objects.update(**values)


@pytest.mark.parametrize("method", ["get", "put", "patch"])
def test_every_method_gives_the_same_404(api, admin, method):
    response = getattr(api(admin), method)("/api/products/999/")

    assert response.json() == {"detail": "No Product matches the given query.", "code": "not_found"}
