import contextlib
import logging
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.tokens import RefreshToken
from order_management.ops.middleware import warn_about_proxy


@pytest.fixture
def events(caplog, django_capture_on_commit_callbacks):
    """A function that makes a call and returns the security events it logged: name and fields."""

    def events(call):
        caplog.set_level("INFO", "security")
        caplog.clear()
        with django_capture_on_commit_callbacks(execute=True):
            call()
        records = [record for record in caplog.records if record.name == "security"]
        return [(record.message, record.fields) for record in records]

    return events


@pytest.mark.parametrize("given", ["abc", "9f0c-1.2_3", "a" * 128])
def test_the_request_id_of_the_client_is_kept(client, given):
    assert client.get("/healthz/", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, '{"level":"ERROR"}', "a\nb", "é"])
def test_a_malformed_request_id_is_replaced(client, given):
    made = client.get("/healthz/", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert len(made) == 32
    assert made.isalnum()


def test_a_failed_login_is_an_event(api, customer, events):
    def log_in(name):
        return lambda: api().post("/api/login/", {"username": name, "password": "wrong"})

    assert events(log_in("CARL")) == [("login_failed", {"address": "127.0.0.1", "user": customer.pk})]
    assert events(log_in("nobody")) == [("login_failed", {"address": "127.0.0.1", "user": None})]
    for _ in range(9):
        log_in("carl")()
    assert events(log_in("carl")) == [("login_locked", {"address": "127.0.0.1", "user": customer.pk})]


def test_a_refused_registration_is_an_event(api, db, settings, events):
    settings.REGISTER_RATE = (1, settings.REGISTER_RATE[1])

    def register(name):
        return api().post("/api/accounts/register/", {"username": name, "password": "1234"})

    assert register("dora").status_code == 201
    refused = events(lambda: register("emil"))

    assert refused == [("registration_refused", {"address": "127.0.0.1"})]


def test_reusing_a_token_is_an_event(api, customer, events):
    refresh = {"refresh": str(RefreshToken.for_user(customer))}
    assert events(lambda: api().post("/api/login/refresh/", refresh)) == []

    assert events(lambda: api().post("/api/login/refresh/", refresh)) == [("token_reused", {"user": customer.pk})]

    BlacklistedToken.objects.update(blacklisted_at=Now() - timedelta(seconds=11))
    both = [("token_reused", {"user": customer.pk}), ("session_ended", {"user": customer.pk})]
    assert events(lambda: api().post("/api/login/refresh/", refresh)) == both
    assert events(lambda: api().post("/api/login/refresh/", refresh)) == both[:1]


def test_a_new_password_is_an_event(api, site, customer, events):
    own = {"old_password": "carl's secret", "new_password": "other"}
    resets = {"password1": "a new one 17", "password2": "a new one 17"}

    changed = [("password_changed", {"user": customer.pk})]
    known = [("login_succeeded", {"address": "127.0.0.1", "user": customer.pk})]
    assert events(lambda: api(customer).post("/api/accounts/me/password/", own)) == known + changed
    assert events(lambda: site.post(f"/admin/accounts/user/{customer.pk}/password/", resets)) == changed


def test_a_password_set_by_an_admin_is_an_event(api, admin, customer, events):
    url, new = f"/api/accounts/users/{customer.pk}/password/", {"new_password": "other"}

    logged = events(lambda: api(admin).post(url, new))

    assert logged == [("password_changed", {"user": customer.pk, "by": admin.pk})]
    assert events(lambda: api(admin).post(f"/api/accounts/users/{admin.pk}/password/", new)) == []


def test_logging_out_everywhere_is_an_event(api, customer, events):
    logged = events(lambda: api(customer).post("/api/accounts/me/logout-all/"))

    assert logged == [("logged_out_everywhere", {"user": customer.pk})]


def test_a_hash_upgrade_is_not_a_new_password(api, customer, settings, events):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:] + settings.PASSWORD_HASHERS[:1]

    logged = events(lambda: api().post("/api/login/", {"username": "carl", "password": "carl's secret"}))

    assert logged == [("login_succeeded", {"address": "127.0.0.1", "user": customer.pk})]
    customer.refresh_from_db()
    assert customer.password.startswith("argon2")


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ({"role": "admin"}, ("role_changed", {"role": "admin"})),
        ({"is_active": False}, ("user_locked_out", {})),
        ({"role": "customer", "is_active": True}, None),
    ],
)
def test_a_change_of_access_is_an_event(api, admin, customer, events, change, event):
    logged = events(lambda: api(admin).patch(f"/api/accounts/users/{customer.pk}/", change))

    assert logged == ([(event[0], {"user": customer.pk, "by": admin.pk} | event[1])] if event else [])


def test_a_change_that_is_rolled_back_is_not_an_event(customer, events):
    def change():
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            customer.set_password("other")
            customer.save()
            raise ZeroDivisionError

    assert events(change) == []


def test_disabling_the_password_is_an_event(site, customer, events):
    def switch_off():
        customer.set_unusable_password()
        customer.save()

    assert events(switch_off) == [("password_changed", {"user": customer.pk})]
    assert events(customer.save) == []


def test_logging_takes_no_query(site, django_assert_num_queries):
    with django_assert_num_queries(0):
        site.get("/healthz/")


@pytest.fixture
def unknown_hosts(caplog, settings):
    """A function that sends a request to each host and returns the logged lines."""
    [limit] = logging.getLogger("django.security.DisallowedHost").filters
    limit.muted_until = 0

    def unknown_hosts(*names):
        for name in names:
            assert APIClient().get("/api/products/", headers={"Host": name}).status_code == 400
        return [(record.levelname, record.getMessage(), record.exc_info) for record in caplog.records]

    return unknown_hosts


def test_a_request_for_an_unknown_host_is_logged_once_a_minute(unknown_hosts):
    sentence = "Request for a host that is not in ALLOWED_HOSTS: evil.example"

    assert unknown_hosts("evil.example", "evil.example", "other.example") == [("WARNING", sentence, None)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 5000, "a" * 100),
        ("ev\x1b[31mil", "ev?[31mil"),
        ('"}\n{"level":"ERROR"', '"}?{"level":"ERROR"'),
        ("é b", "??b"),
    ],
)
def test_the_host_is_shortened_and_escaped_in_the_log(unknown_hosts, name, shown):
    [(_, sentence, _)] = unknown_hosts(name)

    assert sentence.endswith(f": {shown}")


def test_a_configured_proxy_logs_no_warning(caplog, settings):
    settings.TRUSTED_PROXIES = 1
    warn_about_proxy.cache_clear()
    APIClient().get("/healthz/", headers={"X-Forwarded-For": "192.0.2.7"})

    assert not caplog.records


def test_an_unconfigured_proxy_logs_one_warning(caplog):
    warn_about_proxy.cache_clear()
    for _ in range(2):
        APIClient().get("/healthz/", headers={"X-Forwarded-For": "192.0.2.7"})

    assert [record.message for record in caplog.records if "TRUSTED_PROXIES is 0" in record.message]
    assert len(caplog.records) == 1


@pytest.fixture
def lines(caplog):
    """A function that makes a request and returns the level and the fields of its line in the log."""

    def lines(call):
        caplog.set_level("DEBUG", "requests")
        caplog.clear()
        call()
        return [(record.levelname, record.fields) for record in caplog.records if record.name == "requests"]

    return lines


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/healthz/", "DEBUG"),
        ("/static/orders/list.css", "DEBUG"),
        ("/static/nothing.css", "INFO"),
        ("/metrics/", "INFO"),  # 404: there is no token
        ("/api/schema/", "INFO"),
        ("/healthz/x", "INFO"),
    ],
)
def test_routine_requests_are_logged_only_if_they_fail(client, lines, path, level):
    [(logged, fields)] = lines(lambda: b"".join(client.get(path)))

    assert (logged, fields["path"]) == (level, path)


@pytest.mark.parametrize(
    ("proxies", "sent", "address"),
    [
        (0, None, "127.0.0.1"),
        (0, "192.0.2.7", "127.0.0.1"),
        (1, "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        (1, "2001:db8::1", "2001:db8::/64"),
        (1, "", None),
    ],
)
def test_the_address_of_the_caller_is_logged_if_configured(client, settings, lines, proxies, sent, address):
    settings.TRUSTED_PROXIES = proxies
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    headers = {} if sent is None else {"X-Forwarded-For": sent}

    def call():
        client.get("/api/schema/", headers=headers)

    [(_, without)] = lines(call)
    settings.LOG_ADDRESSES = True
    [(_, fields)] = lines(call)

    assert "address" not in without
    assert fields["address"] == address
