"""`last_login`, accurate to an hour."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User

PASSWORD = {"username": "carl", "password": "carl's secret"}


@pytest.fixture
def log_in(api, customer):
    """A function that logs in the customer, whose last login was some time ago, and returns the new last login."""

    def log_in(ago=None, **changes):
        before = ago and timezone.now() - ago
        User.objects.update(last_login=before)
        api().post("/api/login/", PASSWORD | changes)
        after = User.objects.values_list("last_login", flat=True).get()
        return after != before and after

    return log_in


@pytest.mark.parametrize("ago", [None, timedelta(hours=1), timedelta(days=400), timedelta(days=-1)])
def test_a_login_is_recorded(log_in, ago):
    assert timezone.now() - log_in(ago) < timedelta(minutes=1)


@pytest.mark.parametrize("ago", [timedelta(seconds=1), timedelta(minutes=59)])
def test_another_login_within_the_hour_writes_nothing(log_in, ago):
    assert log_in(ago) is False


def test_a_failed_login_is_not_recorded(log_in):
    assert log_in(timedelta(days=1), password="a guess") is False


def test_a_login_is_the_only_thing_that_changes(log_in, customer):
    before = User.objects.values().get()

    log_in()

    assert User.objects.values().get() | {"last_login": None} == before


def test_most_logins_do_not_write_to_the_user(api, customer):
    def updates():
        with CaptureQueriesContext(connection) as statements:
            api().post("/api/login/", PASSWORD)
        return [each["sql"] for each in statements if each["sql"].startswith('UPDATE "accounts_user"')]

    assert len(updates()) == 1
    assert updates() == []


def test_neither_a_refresh_nor_a_call_is_a_login(api, customer):
    refresh = api().post("/api/login/", PASSWORD).json()["refresh"]
    User.objects.update(last_login=None)

    access = api().post("/api/login/refresh/", {"refresh": refresh}).json()["access"]
    api().get("/api/products/", headers={"Authorization": f"Bearer {access}"})

    assert User.objects.get().last_login is None


def test_the_admin_site_records_every_login(client, admin):
    User.objects.update(last_login=timezone.now() - timedelta(minutes=1))

    client.post("/admin/login/", {"username": "anna", "password": "anna's secret"})

    assert timezone.now() - User.objects.get().last_login < timedelta(seconds=50)
