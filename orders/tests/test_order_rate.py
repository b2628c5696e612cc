from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from accounts.models import IdempotencyKey, User
from orders.models import Order

URL = "/api/orders/"


@pytest.fixture(autouse=True)
def _three_an_hour(settings):
    settings.ORDER_RATE = (3, timedelta(hours=1))


@pytest.fixture
def place(api, bat):
    """A function that orders bats as a user and returns the response."""

    def place(user, quantity=1, key=None, **changes):
        body = {"items": [{"product": bat.pk, "quantity": quantity}]} | changes
        return api(user).post(URL, body, headers={"Idempotency-Key": key} if key else {})

    return place


def let_pass(**time):
    """Let time pass by backdating every order."""
    Order.objects.update(created_at=F("created_at") - timedelta(**time))


def test_a_customer_may_place_as_many_orders_as_the_rate_allows(place, customer):
    assert [place(customer).status_code for _ in range(3)] == [201] * 3

    response = place(customer)

    assert response.status_code == 429
    assert response.json()["detail"].startswith("Too many orders. Expected available in")
    assert 3590 < int(response["Retry-After"]) <= 3600
    assert Order.objects.count() == 3


def test_the_window_slides_and_retry_after_is_exact(place, customer):
    place(customer)
    let_pass(minutes=50)
    for _ in range(2):
        place(customer)

    seconds = int(place(customer)["Retry-After"])
    assert 590 < seconds <= 600
    let_pass(seconds=seconds)

    assert place(customer).status_code == 201
    assert 2990 < int(place(customer)["Retry-After"]) <= 3000


def test_cancelled_orders_count(api, place, customer):
    for _ in range(3):
        url = place(customer)["Location"]
        assert api(customer).post(f"{url}cancel/").status_code == 200

    assert place(customer).status_code == 429


def test_refusals_do_not_count(place, customer):
    for _ in range(3):
        assert place(customer, quantity=11).status_code == 409
        assert place(customer, expected_total="1.00").status_code == 409
        assert place(customer, items=[{"product": 999, "quantity": 1}]).status_code == 400
        assert place(customer, quantity=0).status_code == 400

    assert [place(customer).status_code for _ in range(4)] == [201, 201, 201, 429]


def test_a_replay_does_not_count_and_is_answered_even_over_the_limit(place, customer):
    first = place(customer, key="one")
    assert place(customer, key="one").content == first.content
    assert [place(customer).status_code for _ in range(3)] == [201, 201, 429]

    again = place(customer, key="one")

    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")


def test_the_body_and_the_key_are_checked_before_the_limit_and_the_rest_after(place, customer):
    for key in ("one", "two", "three"):
        place(customer, key=key)

    assert place(customer, quantity=0).status_code == 400
    assert place(customer, key="two words").status_code == 400
    assert place(customer, key="one", note="another").status_code == 422
    for refused in ({"quantity": 11}, {"expected_total": "1.00"}, {"items": [{"product": 999, "quantity": 1}]}):
        assert place(customer, **refused).status_code == 429


def test_a_refused_order_does_not_use_up_its_key(place, customer):
    for _ in range(3):
        place(customer)
    assert place(customer, key="one").status_code == 429
    assert not IdempotencyKey.objects.exists()

    let_pass(hours=1)

    assert place(customer, key="one").status_code == 201


def test_each_customer_is_counted_separately_and_admins_not_at_all(place, customer, admin):
    cora = User.objects.create_user("cora")

    assert [place(customer).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert place(cora).status_code == 201
    assert [place(admin).status_code for _ in range(5)] == [201] * 5


def test_orders_dated_in_the_future_do_not_count(place, customer):
    """As happens when the clock is set back after they were placed."""
    for _ in range(3):
        place(customer)
    let_pass(hours=-5)
    assert [place(customer).status_code for _ in range(2)] == [201] * 2

    let_pass(seconds=-8)  # like a node whose clock is behind

    assert [place(customer).status_code for _ in range(2)] == [201, 429]


@pytest.mark.parametrize("off", [{"ORDER_RATE": None}, {"THROTTLE_ENABLED": False}])
def test_nobody_is_refused_without_the_setting_or_with_limits_off(place, customer, settings, off):
    for name, value in off.items():
        setattr(settings, name, value)

    assert [place(customer).status_code for _ in range(5)] == [201] * 5


def test_the_limit_takes_two_statements_and_none_if_not_set(api, customer, bat, settings, django_assert_num_queries):
    client, body = api(customer), {"items": [{"product": bat.pk, "quantity": 1}]}
    for rate, count in ((settings.ORDER_RATE, 12), (None, 10)):
        settings.ORDER_RATE = rate
        with django_assert_num_queries(count):
            assert client.post(URL, body).status_code == 201


def test_a_refusal_is_a_security_event(place, customer, caplog):
    for _ in range(4):
        place(customer)

    event = next(record for record in caplog.records if record.name == "security" and record.msg == "order_refused")
    assert event.fields == {"user": customer.pk}


def test_the_demo_is_not_limited(db, capsys):
    call_command("demo")

    assert Order.objects.filter(created_at__lte=timezone.now()).count() > 100
