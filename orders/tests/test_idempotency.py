import pytest
from django.db import connection

from accounts.models import IdempotencyKey
from orders.models import Order
from products.models import Product

URL = "/api/orders/"


@pytest.fixture
def body(bat):
    return {"items": [{"product": bat.pk, "quantity": 2}], "expected_total": "2400.00"}


def place(client, body, key="a key"):
    return client.post(URL, body, HTTP_IDEMPOTENCY_KEY=key.replace(" ", "-"))


def test_a_retry_gets_the_same_response_and_orders_nothing(api, customer, bat, body):
    first = place(api(customer), body)
    again = place(api(customer), body)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == 1
    assert Product.objects.get().quantity == 8


def test_a_retry_gets_its_order_whatever_has_changed_since(api, admin, customer, bat, body):
    first = place(api(customer), body)
    api(admin).post(f"{first['Location']}confirm/")
    api(admin).put(f"/api/products/{bat.pk}/", {"price": 1, "quantity": 0})
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    assert place(api(customer), body).content == first.content


def test_an_equivalent_body_is_the_same_request(api, customer, bat, body):
    first = place(api(customer), body)
    same = {"expected_total": 2400, "note": "", "colour": "red", "items": [{"quantity": "2", "product": str(bat.pk)}]}

    assert place(api(customer), same).content == first.content


@pytest.mark.parametrize(
    "change", [{"note": "now"}, {"expected_total": 2}, {"items": [{"product": 999, "quantity": 1}]}]
)
def test_the_same_key_with_another_body_is_refused(api, customer, bat, body, change):
    place(api(customer), body)

    response = place(api(customer), body | change)

    assert response.status_code == 422
    assert response.json() == {"detail": "This Idempotency-Key was used with another body."}
    assert Order.objects.count() == 1


def test_a_malformed_body_is_refused_before_the_key_is_checked(api, customer, bat, body):
    place(api(customer), body)

    assert place(api(customer), body | {"items": []}).status_code == 400


def test_a_key_belongs_to_its_user(api, admin, customer, bat, body):
    mine, other = place(api(customer), body), place(api(admin), body)

    assert mine.json()["id"] != other.json()["id"]
    assert Order.objects.count() == 2


@pytest.mark.parametrize("change", [{"expected_total": 1}, {"items": [{"product": 999, "quantity": 1}]}])
def test_a_refusal_is_not_stored(api, customer, bat, body, change):
    assert place(api(customer), body | change).status_code in (400, 409)
    assert not IdempotencyKey.objects.exists()

    assert place(api(customer), body).status_code == 201


def test_a_refusal_for_lack_of_stock_is_not_stored(api, admin, customer, bat, body):
    api(admin).put(f"/api/products/{bat.pk}/", {"quantity": 1})
    assert place(api(customer), body).status_code == 409

    api(admin).put(f"/api/products/{bat.pk}/", {"quantity": 2})
    assert place(api(customer), body).status_code == 201


@pytest.mark.parametrize("key", ["", "a" * 256, "a\0b", "a\tb", "ä", "a\x7f", "two words"])
def test_a_malformed_key_is_refused(api, customer, bat, body, key):
    response = api(customer).post(URL, body, HTTP_IDEMPOTENCY_KEY=key)

    assert response.status_code == 400
    assert list(response.json()) == ["Idempotency-Key"]
    assert not Order.objects.exists()


@pytest.mark.parametrize("key", ["!", "~" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted"'])
def test_any_visible_ascii_is_a_key(api, customer, bat, body, key):
    assert api(customer).post(URL, body, HTTP_IDEMPOTENCY_KEY=key).status_code == 201


def test_a_key_may_be_purged_while_it_is_claimed(api, customer, bat, body):
    place(api(customer), body)

    def purge_after_insert(execute, sql, *args):
        result = execute(sql, *args)
        if sql.startswith("INSERT") and IdempotencyKey._meta.db_table in sql:
            IdempotencyKey.objects.exclude(response="").delete()
        return result

    with connection.execute_wrapper(purge_after_insert):
        response = place(api(customer), body)

    assert response.status_code == 201
    assert Order.objects.count() == 2
