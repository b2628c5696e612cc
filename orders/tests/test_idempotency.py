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
    assert response.json() == {"detail": "This Idempotency-Key was used with another request.", "code": "key_reused"}
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


@pytest.fixture
def old_key(customer):
    """The key of an order that a node of the previous version has placed."""
    fingerprint = "a3b1d766591936633a7c65b46e52e8fd4a5e66766c9816b24e515093bd2122ff"
    response = '{"id":12,"customer":"carl","total":"2400.00"}'
    return IdempotencyKey.objects.create(user=customer, key="a-key", fingerprint=fingerprint, response=response)


def test_an_order_of_the_previous_version_can_be_retried(api, customer, old_key):
    body = {"items": [{"product": 7, "quantity": 2}], "note": "ring twice", "expected_total": 2400}

    response = place(api(customer), body)

    assert (response.status_code, response.content.decode()) == (201, old_key.response)
    assert (response["Location"], response["Idempotent-Replayed"]) == ("/api/orders/12/", "true")


def test_a_key_of_the_previous_version_is_refused_for_anything_else(api, customer, order, old_key):
    assert place(api(customer), {"items": [{"product": 7, "quantity": 3}]}).status_code == 422

    response = api(customer).post(f"{URL}{order.pk}/cancel/", HTTP_IDEMPOTENCY_KEY="a-key")
    assert response.status_code == 422


def test_a_step_is_taken_once_and_answers_again(api, admin, order):
    def step(name):
        return api(admin).post(f"{URL}{order.pk}/{name}/", {"note": "now"}, HTTP_IDEMPOTENCY_KEY="a-key")

    first, again = step("confirm"), step("confirm")

    assert (again.status_code, again.content, again["ETag"]) == (200, first.content, first["ETag"])
    assert again["Idempotent-Replayed"] == "true"
    assert "Location" not in again
    assert step("cancel").status_code == 422
    assert order.events.count() == 2
