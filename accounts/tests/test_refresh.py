from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.models import EndedSession
from accounts.tokens import RefreshToken

URL = "/api/login/refresh/"
LOGOUT = "/api/logout/"
INVALID = {"detail": "Token is invalid or expired.", "code": "token_not_valid"}


@pytest.fixture
def refresh(customer):
    return str(RefreshToken.for_user(customer))


@pytest.fixture
def send(api):
    """A function that sends a refresh token and returns its successor, or the status code if there is none."""

    def send(refresh, url=URL):
        response = api().post(url, {"refresh": str(refresh)})
        return response.json().get("refresh", response.status_code)

    return send


def age_blacklisted(**since):
    """Backdate the moment every token was blacklisted."""
    for token in BlacklistedToken.objects.all():
        BlacklistedToken.objects.filter(pk=token.pk).update(blacklisted_at=token.blacklisted_at - timedelta(**since))


def claims(encoded):
    return jwt.decode(encoded, options={"verify_signature": False})


def without_session(encoded):
    """Return the token as the previous version would have issued it."""
    old = {name: value for name, value in claims(encoded).items() if name != "session"}
    return jwt.encode(old, settings.SECRET_KEY, "HS256")


def test_a_refresh_token_gives_a_new_pair(api, refresh):
    response = api().post(URL, {"refresh": refresh})

    assert response.status_code == 200
    assert list(response.json()) == ["access", "refresh"]
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert client.get("/api/products/").status_code == 200
    assert api().post(URL, {"refresh": response.json()["refresh"]}).status_code == 200


def test_a_refresh_token_can_be_used_only_once(api, refresh):
    api().post(URL, {"refresh": refresh})

    response = api().post(URL, {"refresh": refresh})

    assert response.status_code == 401
    assert response.json() == INVALID
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_user_must_still_exist(api, refresh, customer):
    customer.delete()

    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_the_user_must_still_be_active(api, refresh, customer):
    customer.set_access(is_active=False)
    assert api().post(URL, {"refresh": refresh}).status_code == 401

    customer.set_access(is_active=True)
    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_a_password_change_ends_the_refresh_token(api, refresh, customer):
    customer.set_password("other")
    customer.save()

    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_an_access_token_is_not_accepted_as_a_refresh_token(api, customer):
    assert api().post(URL, {"refresh": str(RefreshToken.for_user(customer).access_token)}).status_code == 401


@pytest.mark.parametrize("claim", [{"user_id": "x"}, {"user_id": None}, {"user_id": [1]}, {"user_id": 10**30}])
def test_a_signed_token_with_a_malformed_user_id_is_invalid(api, customer, claim):
    token = RefreshToken.for_user(customer)
    token.payload |= claim

    assert api().post(URL, {"refresh": str(token)}).status_code == 401


@pytest.mark.parametrize("claim", ["jti", "exp", "token_type", "user_id", "version"])
def test_a_signed_token_without_a_claim_is_invalid(api, customer, claim):
    token = RefreshToken.for_user(customer)
    del token.payload[claim]

    assert api().post(URL, {"refresh": str(token)}).status_code == 401


@pytest.mark.parametrize("refresh", ["x", "a.b.c", "é", "e" * 9999, 7])
@pytest.mark.django_db
def test_anything_but_a_token_is_invalid(api, refresh):
    assert api().post(URL, {"refresh": refresh}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": ["x"]}])
@pytest.mark.django_db
def test_a_malformed_body_is_refused(api, body):
    response = api().post(URL, body)

    assert response.status_code == 400
    assert list(response.json()) == ["refresh"]


def test_the_session_is_passed_on_and_every_login_starts_a_new_one(customer, refresh, send):
    assert claims(send(refresh))["session"] == claims(refresh)["session"]
    assert claims(str(RefreshToken.for_user(customer)))["session"] != claims(refresh)["session"]


@pytest.mark.parametrize("url", [URL, LOGOUT])
def test_reusing_a_refresh_token_later_ends_its_session(api, customer, refresh, send, url):
    access, other = api(customer), RefreshToken.for_user(customer)
    successor = send(send(refresh))
    age_blacklisted(seconds=11)

    assert send(refresh, url) == 401

    assert send(successor) == 401
    assert send(successor, LOGOUT) == 401
    assert access.get("/api/products/").status_code == 200
    assert send(other) != 401


def test_reuse_ends_the_session_even_if_the_clock_was_set_back(refresh, send):
    successor = send(refresh)
    age_blacklisted(seconds=-3600)

    assert send(refresh) == 401

    assert send(successor) == 401


def test_reuse_within_ten_seconds_is_refused_and_ends_nothing(refresh, send):
    successor = send(refresh)
    age_blacklisted(seconds=9)

    assert send(refresh) == 401

    assert send(successor) != 401


def test_reuse_after_the_logout_ends_the_session_too(refresh, send):
    assert send(refresh, LOGOUT) == 200
    age_blacklisted(seconds=11)

    assert send(refresh) == 401

    assert EndedSession.objects.get().session == claims(refresh)["session"]


def test_reusing_a_token_of_the_previous_version_ends_nothing_and_its_successor_has_a_session(refresh, send):
    old = without_session(refresh)
    successor = send(old)
    age_blacklisted(days=1)

    assert send(old) == 401

    assert not EndedSession.objects.exists()
    assert claims(send(successor))["session"] == claims(successor)["session"]


def test_the_time_of_use_comes_from_the_clock_of_the_database(monkeypatch, refresh, send):
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: ahead)
    successor = send(refresh)
    assert send(refresh) == 401
    assert BlacklistedToken.objects.filter(blacklisted_at__lte=Now()).exists()

    monkeypatch.undo()
    assert send(refresh) == 401
    assert send(successor) != 401


def test_a_session_stays_ended_as_long_as_any_of_its_tokens_is_valid(refresh, send):
    successor = send(refresh)
    # As if they had been issued when REFRESH_TOKEN_LIFETIME was longer.
    last = timezone.now() + timedelta(days=30)
    OutstandingToken.objects.update(expires_at=last)
    age_blacklisted(seconds=11)
    send(refresh)
    assert EndedSession.objects.get().expires_at == last

    EndedSession.objects.update(expires_at=timezone.now() - timedelta(minutes=59))
    call_command("housekeeping")
    assert send(successor) == 401

    EndedSession.objects.update(expires_at=timezone.now() - timedelta(minutes=61))
    call_command("housekeeping")
    assert not EndedSession.objects.exists()


def test_a_token_unknown_to_the_database_can_be_used_only_once(refresh, send):
    OutstandingToken.objects.all().delete()

    assert send(refresh) != 401
    assert send(refresh) == 401


def test_a_refresh_takes_four_statements(refresh, send, django_assert_num_queries):
    with django_assert_num_queries(4 + 2):  # the user, the token, the blacklisting, the successor; a savepoint
        send(refresh)
