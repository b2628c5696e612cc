import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import ClientAddress, User

URL = "/admin/accounts/user/locked-out/"
LOGIN = "/api/login/"


def fail(api, username, times, address="192.0.2.1"):
    for _ in range(times):
        api().post(LOGIN, {"username": username, "password": "wrong"}, REMOTE_ADDR=address)


def log_in(api, username, password, address="192.0.2.1"):
    return api().post(LOGIN, {"username": username, "password": password}, REMOTE_ADDR=address).status_code


def shown(site, **query):
    """Return the address and the names of each row."""
    page = site.get(URL, query).content.decode()
    return [
        tuple(" ".join(text.split()) for text in row)
        for row in re.findall(r'<th scope="row".*?>(.*?)</th>\s*<td.*?>(.*?)</td>', page, re.DOTALL)
    ]


def let_in(site, address):
    return site.post(URL, {"address": address}, follow=True).content.decode()


def test_the_page_shows_only_who_is_locked_out_now(site, api, customer):
    fail(api, "carl", 10)
    fail(api, "nobody", 10)
    fail(api, "carl", 9, address="192.0.2.2")

    assert shown(site) == [("192.0.2.1", "carl and 1 unknown name")]


def test_the_page_shows_an_address_that_is_locked_out_for_all_names(site, api, settings):
    settings.LOGIN_FAILURES_OF_ADDRESS = 12
    fail(api, "carl", 6)
    fail(api, "cora", 6)

    assert shown(site) == [("192.0.2.1", "everybody")]


def test_the_page_shows_nobody_whose_lockout_is_over(site, api, customer):
    fail(api, "carl", 10)
    client = ClientAddress.objects.get(pk="192.0.2.1")
    client.failed_logins = [[at - 901, name] for at, name in client.failed_logins]
    client.save()

    assert shown(site) == []
    assert "No address is locked out." in site.get(URL).content.decode()


def test_a_username_finds_the_addresses_where_it_is_locked_out(site, api, customer):
    fail(api, "carl", 10)
    fail(api, "nobody", 10, address="192.0.2.2")

    assert shown(site, username="CARL") == [("192.0.2.1", "carl")]
    assert shown(site, username="nobody") == [("192.0.2.2", "1 unknown name")]
    assert "cora is not locked out at any address." in site.get(URL, {"username": "cora"}).content.decode()


def test_an_admin_lets_an_address_in_again(site, api, customer):
    fail(api, "carl", 10)
    fail(api, "carl", 10, address="2001:db8::1")
    assert log_in(api, "carl", "carl's secret") == 429

    assert "People at 192.0.2.1 can log in again." in let_in(site, "192.0.2.1")

    assert log_in(api, "carl", "carl's secret") == 200
    assert shown(site) == [("2001:db8::/64", "carl")]
    assert "People at 2001:db8::/64 can log in again." in let_in(site, "2001:db8::/64")
    assert shown(site) == []


def test_failed_logins_that_lock_nobody_out_still_count_after_letting_in(site, api, customer):
    fail(api, "carl", 9)

    assert "192.0.2.1 is not locked out." in let_in(site, "192.0.2.1")

    fail(api, "carl", 1)
    assert log_in(api, "carl", "carl's secret") == 429


@pytest.mark.parametrize("address", ["", "nowhere", "\0", "x" * 65, "192.0.2.1"])
def test_no_unknown_address_is_let_in_or_created(site, address):
    assert "can log in again" not in let_in(site, address)
    assert not ClientAddress.objects.exists()


def test_the_page_takes_a_fixed_number_of_statements(site, api, customer, django_assert_num_queries):
    # Session, user, addresses, names.
    for number in (1, 2, 3):
        fail(api, "carl", 10, address=f"192.0.2.{number}")
        with django_assert_num_queries(4):
            site.get(URL)


def test_a_customer_has_no_access(client, customer):
    client.force_login(customer)

    assert client.get(URL).status_code == client.post(URL, {"address": "192.0.2.1"}).status_code == 302


def test_a_demoted_admin_lets_nobody_in(site, api, admin, customer):
    fail(api, "carl", 10)
    User.objects.filter(pk=admin.pk).update(is_staff=False, is_superuser=False)

    let_in(site, "192.0.2.1")

    assert log_in(api, "carl", "carl's secret") == 429


def test_the_page_of_the_locked_out_says_when_to_come_again(client, admin, settings):
    settings.SHOP_TIME_ZONE = "Asia/Kolkata"
    form = {"username": "anna", "password": "wrong"}
    for _ in range(10):
        client.post("/admin/login/", form)

    response = client.post("/admin/login/", form)

    assert response.status_code == 429
    again_at = datetime.now(ZoneInfo("Asia/Kolkata")) + timedelta(seconds=int(response["Retry-After"]))
    time, zone = re.search(r"try again at <strong>(.*?)</strong>.*\((.*)\)", response.content.decode()).groups()
    assert zone == "Asia/Kolkata"
    # In whole minutes, and never too early.
    assert time in [f"{again_at + timedelta(minutes=1, seconds=early):%H:%M}" for early in (0, -2)]
