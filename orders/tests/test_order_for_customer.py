"""An Admin orders for a customer."""

from datetime import timedelta

import pytest

from accounts.models import IdempotencyKey
from orders.models import Order
from products.models import StockMovement

URL, PREVIEW = "/api/orders/", "/api/orders/preview/"
NO_USER = {"customer": ["There is no active user with this name."]}
FORBIDDEN = {"detail": "Only an Admin may order for somebody else.", "code": "permission_denied"}
KEY = {"Idempotency-Key": "a-key"}


def body(bat, customer, **more):
    return {"items": [{"product": bat.pk, "quantity": 2}], "customer": customer} | more


def test_an_order_belongs_to_the_customer_and_is_recorded_as_the_admins_work(api, admin, customer, bat):
    response = api(admin).post(URL, body(bat, "carl"))

    assert (response.status_code, response.json()["customer"]) == (201, "carl")
    assert response.json()["allowed_actions"] == ["confirm", "cancel"]
    assert [event["by"] for event in api(customer).get(f"{response['Location']}events/").json()] == ["anna"]
    assert StockMovement.objects.get(kind="ordered").by == admin
    assert [order["customer"] for order in api(customer).get(URL).json()] == ["carl"]


@pytest.mark.parametrize("name", ["CARL", "\uff23arl"])
@pytest.mark.parametrize("who", ["admin", "customer"])
def test_a_customer_is_found_by_any_spelling_of_the_name(api, request, customer, bat, who, name):
    response = api(request.getfixturevalue(who)).post(URL, body(bat, name))

    assert (response.status_code, response.json()["customer"]) == (201, "carl")


@pytest.mark.parametrize("url", [URL, PREVIEW])
def test_an_unknown_or_locked_out_customer_is_refused(api, admin, customer, bat, url):
    assert api(admin).post(url, body(bat, "nobody")).json() == NO_USER
    customer.set_access(is_active=False)

    response = api(admin).post(url, body(bat, "carl"))

    assert (response.status_code, response.json()) == (400, NO_USER)
    assert not Order.objects.exists()


@pytest.mark.parametrize("url", [URL, PREVIEW])
@pytest.mark.parametrize("name", ["anna", "nobody", "carl2"])
def test_a_customer_may_only_name_themself(api, customer, bat, url, name):
    response = api(customer).post(url, body(bat, name))

    assert (response.status_code, response.json()) == (403, FORBIDDEN)
    assert not Order.objects.exists()


@pytest.mark.parametrize("url", [URL, PREVIEW])
@pytest.mark.parametrize("name", ["", " ", None, [], {}, True, "c" * 151, "nul\0"])
def test_a_malformed_customer_is_refused(api, admin, customer, bat, url, name):
    for who in (admin, customer):
        response = api(who).post(url, body(bat, name))

        assert (response.status_code, list(response.json())) == (400, ["customer"])


def test_the_shape_comes_before_the_role_and_the_role_before_the_key(api, customer, bat):
    bad_key = {"Idempotency-Key": "two words"}

    assert api(customer).post(URL, body(bat, "anna", note=[]), headers=bad_key).status_code == 400
    assert api(customer).post(URL, body(bat, "anna"), headers=bad_key).status_code == 403


def test_a_retry_is_answered_even_if_the_customer_was_locked_out_since(api, admin, customer, bat):
    first = api(admin).post(URL, body(bat, "carl"), headers=KEY)
    customer.set_access(is_active=False)

    again = api(admin).post(URL, body(bat, "carl"), headers=KEY)

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert api(admin).post(URL, body(bat, "anna"), headers=KEY).status_code == 422


def test_the_key_belongs_to_the_caller(api, admin, customer, bat):
    api(admin).post(URL, body(bat, "carl"), headers=KEY)

    assert IdempotencyKey.objects.get().user == admin
    assert "Idempotent-Replayed" not in api(customer).post(URL, body(bat, "carl"), headers=KEY)
    assert Order.objects.count() == 2


def test_an_order_without_a_customer_has_the_fingerprint_of_the_previous_version(api, customer, bat):
    api(customer).post(URL, {"items": [{"product": 7, "quantity": 2}]} | body(bat, "carl"), headers=KEY)
    fingerprint = "a3b1d766591936633a7c65b46e52e8fd4a5e66766c9816b24e515093bd2122ff"
    IdempotencyKey.objects.update(fingerprint=fingerprint)
    old = {"items": [{"product": 7, "quantity": 2}], "note": "ring twice", "expected_total": 2400}

    assert api(customer).post(URL, old, headers=KEY)["Idempotent-Replayed"] == "true"


def test_an_admin_is_never_limited_but_the_orders_count_for_the_customer(api, admin, customer, bat, settings):
    settings.ORDER_RATE = (1, timedelta(hours=1))
    for _ in range(2):
        assert api(admin).post(URL, body(bat, "carl")).status_code == 201

    assert api(customer).post(URL, body(bat, "carl")).status_code == 429
    assert api(customer).post(PREVIEW, body(bat, "carl")).status_code == 200


def test_an_order_for_a_customer_takes_one_statement_more(api, admin, customer, bat, django_assert_num_queries):
    client = api(admin)

    # The user; BEGIN; the customer; products, order, lines, event; the lock; the stock; the ledger; COMMIT.
    with django_assert_num_queries(11):
        client.post(URL, body(bat, "carl"))
