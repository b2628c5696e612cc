from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.housekeeping import forget_tokens
from accounts.tokens import RefreshToken


def end(token, **past):
    OutstandingToken.objects.filter(jti=token["jti"]).update(expires_at=timezone.now() - timedelta(**past))


@pytest.fixture
def session(customer):
    """A function that makes a refresh token of this age beyond its end."""

    def session(**past):
        token = RefreshToken.for_user(customer)
        if past:
            end(token, **past)
        return token

    return session


def test_refresh_tokens_are_forgotten_once_they_have_expired(api, session):
    session(days=1)
    session(minutes=59)  # a request that found it still good may be under way
    alive = session()
    session(hours=1)  # a longer lifetime came before a shorter one
    out = StringIO()

    call_command("housekeeping", stdout=out)

    assert "Forgot 2 tokens." in out.getvalue()
    assert OutstandingToken.objects.count() == 2
    assert api().post("/api/login/refresh/", {"refresh": str(alive)}).status_code == 200


def test_a_spent_token_stays_spent_as_long_as_it_could_be_used(api, session):
    spent, ended = session(), session()
    for token in (spent, ended):
        api().post("/api/logout/", {"refresh": str(token)})
    end(ended, days=1)

    assert forget_tokens() == 1

    assert BlacklistedToken.objects.count() == 1
    assert api().post("/api/login/refresh/", {"refresh": str(spent)}).status_code == 401


def test_many_tokens_go_in_batches(customer):
    yesterday = timezone.now() - timedelta(days=1)
    OutstandingToken.objects.bulk_create(OutstandingToken(jti=str(n), expires_at=yesterday) for n in range(2500))

    with CaptureQueriesContext(connection) as queries:
        assert forget_tokens() == 2500

    assert sum("LIMIT 1000" in query["sql"] for query in queries) == 4  # the last one finds none
    assert not OutstandingToken.objects.exists()
