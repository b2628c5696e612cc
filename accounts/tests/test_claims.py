"""Odd claims with a valid signature, everywhere a token is accepted."""

import time

import jwt
import pytest
from django.conf import settings

from accounts.tokens import RefreshToken

MISSING = object()
ODD = [10**17, 10**400, -1, 1.5, float("nan"), float("inf"), True, "soon", "", "\0", "1" * 5000, [], {}, None, MISSING]
# Not every token has these.
OPTIONAL = ["nbf", "session"]
ODD_TIMES = ["1", 10**12, 253_402_300_800]
ODD_IDS = [" 1", "+1", "01", "1_0", "１", "1.0", 1.0, 2**63, str(2**63)]


@pytest.fixture(params=["Bearer", "refresh", "logout"])
def door(request, api, customer):
    """A function that sends a token with some claims changed and returns the status; `claims` are the original ones."""
    token = RefreshToken.for_user(customer)
    if request.param == "Bearer":
        token = token.access_token

    def send(**changes):
        claims = {name: value for name, value in (token.payload | changes).items() if value is not MISSING}
        encoded = jwt.encode(claims, settings.SECRET_KEY, "HS256")
        if request.param == "Bearer":
            return api().get("/api/products/", headers={"Authorization": f"Bearer {encoded}"}).status_code
        path = {"refresh": "/api/login/refresh/", "logout": "/api/logout/"}[request.param]
        return api().post(path, {"refresh": encoded}).status_code

    send.claims = token.payload
    return send


def test_no_odd_value_of_any_claim_is_accepted(door):
    for claim in {*door.claims, *OPTIONAL}:
        values = ODD[:-1] if claim in OPTIONAL else ODD
        assert [door(**{claim: value}) for value in values] == [401] * len(values), claim

    assert door() == 200


def test_no_odd_time_or_id_is_accepted(door):
    for claim, values in [("exp", ODD_TIMES), ("iat", ODD_TIMES), ("nbf", ODD_TIMES), ("user_id", ODD_IDS)]:
        assert [door(**{claim: value}) for value in values] == [401] * len(values), claim

    assert door(exp=253_402_300_799) == 200


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_clock_ten_seconds_ahead_is_tolerated(door, claim):
    assert door(**{claim: int(time.time()) + 12}) == 401
    assert door(**{claim: int(time.time()) + 10}) == 200


def test_the_expiry_is_exact(door):
    assert door(exp=int(time.time())) == 401
    assert door(exp=int(time.time()) + 5) == 200
