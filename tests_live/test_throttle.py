"""The limits on failed logins, registrations and orders are shared by all workers and exact under concurrency."""

import time
from collections import Counter

import pytest

from .server import ADMIN, CUSTOMER, PASSWORD

LOGIN, REGISTER = "/api/login/", "/api/accounts/register/"
WRONG = ("POST", LOGIN, {"username": CUSTOMER, "password": "wrong"})
RIGHT = ("POST", LOGIN, {"username": CUSTOMER, "password": PASSWORD})
LIMITS = {"THROTTLE_ENABLED": "on", "LOGIN_FAILURES": "16", "REGISTER_RATE": "5/h"}


@pytest.fixture
def shop(new_server):
    with new_server(**LIMITS) as shop:
        assert shop.customer
        yield shop


def statuses(answers):
    return Counter(answer.status for answer in answers)


def test_concurrent_wrong_passwords_are_counted_exactly(shop):
    answers = shop.at_once([WRONG] * 64)

    assert statuses(answers) == {401: 16, 429: 48}
    assert all(800 < int(answer.headers["Retry-After"]) <= 900 for answer in answers if answer.status == 429)
    assert shop.call(*RIGHT).status == 429
    assert shop.login(ADMIN)


def test_concurrent_logins_with_the_right_password_all_succeed(shop):
    assert statuses(shop.at_once([RIGHT] * 24)) == {200: 24}


def test_the_lockout_ends_when_retry_after_says(new_server):
    # So few failures that they fall into one window on a busy machine too.
    with new_server(**LIMITS | {"LOGIN_FAILURES": "2"}, LOGIN_WINDOW="3s") as shop:
        assert shop.customer
        refused = next(answer for answer in shop.at_once([WRONG] * 8) if answer.status == 429)

        time.sleep(int(refused.headers["Retry-After"]))

        assert shop.call(*RIGHT).status == 200


def test_concurrent_registrations_are_counted_exactly(shop):
    # The customer was the first to register.
    calls = [("POST", REGISTER, {"username": f"name{number}", "password": PASSWORD}) for number in range(16)]

    assert statuses(shop.at_once(calls)) == {201: 4, 429: 12}
    registered = shop.call("GET", "/api/accounts/users/", token=shop.admin).body
    assert len(registered) == 2 + 4


def test_the_admin_site_shares_the_count(shop):
    assert statuses(shop.at_once([WRONG] * 24)) == {401: 16, 429: 8}
    page = shop.call("GET", "/admin/login/")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    token = page.body.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = f"csrfmiddlewaretoken={token}&username={CUSTOMER}&password={PASSWORD.replace(' ', '+')}".encode()

    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer = shop.call("POST", "/admin/login/", form, headers=headers)

    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_forged_header_does_not_evade_the_limit(new_server):
    with new_server(**LIMITS) as shop:
        made_up = [(*WRONG, None, {"X-Forwarded-For": f"192.0.2.{number}"}) for number in range(24)]

        assert statuses(shop.at_once(made_up)) == {401: 16, 429: 8}


def test_behind_a_proxy_the_address_added_by_the_proxy_counts(new_server):
    with new_server(**LIMITS, TRUSTED_PROXIES="1") as shop:
        one_caller = [(*WRONG, None, {"X-Forwarded-For": f"192.0.2.{number}, 198.51.100.1"}) for number in range(24)]
        others = [(*WRONG, None, {"X-Forwarded-For": f"192.0.2.{number}"}) for number in range(24)]

        assert statuses(shop.at_once(one_caller)) == {401: 16, 429: 8}
        assert statuses(shop.at_once(others)) == {401: 24}


def order(shop, token):
    body = {"items": [{"product": shop.create_product(quantity=1000)["id"], "quantity": 1}]}
    return ("POST", "/api/orders/", body, token)


def test_concurrent_orders_are_counted_exactly(new_server):
    with new_server(**LIMITS, ORDER_RATE="7/h") as shop:
        answers = shop.at_once([order(shop, shop.customer)] * 24)

        assert statuses(answers) == {201: 7, 429: 17}
        assert all(3500 < int(answer.headers["Retry-After"]) <= 3600 for answer in answers if answer.status == 429)
        assert statuses(shop.at_once([order(shop, shop.admin)] * 24)) == {201: 24}


def test_the_limit_on_orders_ends_when_retry_after_says(new_server):
    with new_server(**LIMITS, ORDER_RATE="3/4s") as shop:
        call = order(shop, shop.customer)
        refused = next(answer for answer in shop.at_once([call] * 8) if answer.status == 429)

        time.sleep(int(refused.headers["Retry-After"]))

        assert shop.call(*call).status == 201


def test_there_is_no_limit_when_switched_off(new_server):
    with new_server(**LIMITS | {"THROTTLE_ENABLED": "off"}) as shop:
        assert statuses(shop.at_once([WRONG] * 24)) == {401: 24}
