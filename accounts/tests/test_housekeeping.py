from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.housekeeping import purge_addresses, purge_form_tokens, purge_sessions, purge_tokens
from accounts.models import ClientAddress, FormToken
from accounts.tokens import RefreshToken


def expire(token, **past):
    OutstandingToken.objects.filter(jti=token["jti"]).update(expires_at=timezone.now() - timedelta(**past))


@pytest.fixture
def session(customer):
    """A function that makes a refresh token that expired this long ago."""

    def session(**past):
        token = RefreshToken.for_user(customer)
        if past:
            expire(token, **past)
        return token

    return session


def test_refresh_tokens_are_deleted_once_they_have_expired(api, session):
    session(days=1)
    session(minutes=59)  # a request that found it valid may still be running
    alive = session()
    session(hours=1)  # issued after the valid one, once the lifetime had been shortened
    out = StringIO()

    call_command("housekeeping", stdout=out)

    assert "Deleted 2 tokens." in out.getvalue()
    assert OutstandingToken.objects.count() == 2
    assert api().post("/api/login/refresh/", {"refresh": str(alive)}).status_code == 200


def test_a_used_token_stays_blacklisted_until_it_expires(api, session):
    spent, ended = session(), session()
    for token in (spent, ended):
        api().post("/api/logout/", {"refresh": str(token)})
    expire(ended, days=1)

    assert purge_tokens() == 1

    assert BlacklistedToken.objects.count() == 1
    assert api().post("/api/login/refresh/", {"refresh": str(spent)}).status_code == 401


def test_many_tokens_are_deleted_in_batches(customer):
    yesterday = timezone.now() - timedelta(days=1)
    OutstandingToken.objects.bulk_create(OutstandingToken(jti=str(n), expires_at=yesterday) for n in range(2500))

    with CaptureQueriesContext(connection) as queries:
        assert purge_tokens() == 2500

    assert sum(query["sql"].startswith("SAVEPOINT") for query in queries) == 3  # one transaction per thousand
    assert not OutstandingToken.objects.exists()


def test_expired_tokens_behind_a_thousand_valid_ones_are_deleted(customer):
    """The state after REFRESH_TOKEN_LIFETIME was shortened."""
    now = timezone.now()
    days = [*[5] * 1500, *[-1] * 3000, *[5] * 1500, -1]
    OutstandingToken.objects.bulk_create(
        OutstandingToken(jti=str(n), expires_at=now + timedelta(days=day)) for n, day in enumerate(days)
    )

    assert purge_tokens() == 3001

    assert OutstandingToken.objects.count() == 3000


def test_expired_sessions_of_the_admin_site_are_deleted(site, client):
    now = timezone.now()
    Session.objects.bulk_create(
        Session(session_key=f"{n:032}", session_data="", expire_date=now + timedelta(days=1 if n % 5 else -1))
        for n in range(5000)
    )

    assert purge_sessions() == 1000

    assert Session.objects.count() == 4001
    assert site.get("/admin/").status_code == 200


def test_every_expired_address_is_deleted(db):
    now = timezone.now()
    ClientAddress.objects.bulk_create(ClientAddress(address=f"192.0.{n // 250}.{n % 250}") for n in range(3000))
    ClientAddress.objects.update(changed_at=now - timedelta(minutes=500))
    ClientAddress.objects.filter(address__endswith="7").update(changed_at=now - timedelta(minutes=5))

    assert purge_addresses() == 2700

    assert not ClientAddress.objects.filter(changed_at__lt=now - timedelta(hours=1)).exists()


@pytest.mark.django_db
def test_used_form_tokens_are_deleted_once_no_session_can_be_that_old(settings):
    longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    for number, age in enumerate([timedelta(), longest, longest + timedelta(hours=1), longest * 2]):
        FormToken.objects.create(token=number, used_at=timezone.now() - age)
    out = StringIO()

    call_command("housekeeping", stdout=out)

    assert "Deleted 2 used form tokens." in out.getvalue()
    assert list(FormToken.objects.order_by("token").values_list("token", flat=True)) == ["0", "1"]


@pytest.mark.django_db
def test_a_form_token_dated_in_the_future_is_deleted_eventually(settings):
    FormToken.objects.create(token="ahead", used_at=timezone.now() + timedelta(days=365))

    assert purge_form_tokens() == 0
    FormToken.objects.update(used_at=F("used_at") - timedelta(seconds=settings.SESSION_COOKIE_AGE, hours=1))

    assert purge_form_tokens() == 1
