"""Invalid claims under a valid signature, at every endpoint that accepts a token."""

import time

import jwt
import pytest
from django.conf import settings

from accounts.tokens import RefreshToken

MISSING = object()
INVALID = [
    10**17,
    10**400,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    True,
    "soon",
    "",
    "\0",
    "1" * 5000,
    [],
    {},
    None,
    MISSING,
]
# Claims that a token may lack.
OPTIONAL = ["nbf", "session"]
INVALID_TIMES = ["1", 10**12, 253_402_300_800]
INVALID_IDS = [" 1", "+1", "01", "1_0", "１", "1.0", 1.0, 2**63, str(2**63)]


@pytest.fixture(params=["Bearer", "refresh", "logout"])
def endpoint(request, api, customer):
    """A function that sends a token with changed claims and returns the status; `claims` holds the original ones."""
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


def test_no_invalid_value_of_any_claim_is_accepted(endpoint):
    for claim in {*endpoint.claims, *OPTIONAL}:
        values = INVALID[:-1] if claim in OPTIONAL else INVALID
        assert [endpoint(**{claim: value}) for value in values] == [401] * len(values), claim

    assert endpoint() == 200


def test_no_invalid_time_or_id_is_accepted(endpoint):
    for claim, values in [
        ("exp", INVALID_TIMES),
        ("iat", INVALID_TIMES),
        ("nbf", INVALID_TIMES),
        ("user_id", INVALID_IDS),
    ]:
        assert [endpoint(**{claim: value}) for value in values] == [401] * len(values), claim

    assert endpoint(exp=253_402_300_799) == 200


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_clock_ten_seconds_ahead_is_tolerated(endpoint, claim):
    assert endpoint(**{claim: int(time.time()) + 12}) == 401
    assert endpoint(**{claim: int(time.time()) + 10}) == 200


def test_the_expiry_is_exact(endpoint):
    assert endpoint(exp=int(time.time())) == 401
    assert endpoint(exp=int(time.time()) + 5) == 200
