import pytest

from accounts.tokens import RefreshToken

URL = "/api/logout/"


def refresh(api, token):
    return api().post("/api/login/refresh/", {"refresh": str(token)}).status_code


def test_logout_ends_this_session_only(api, customer):
    token, other = RefreshToken.for_user(customer), RefreshToken.for_user(customer)

    response = api().post(URL, {"refresh": str(token)})

    assert (response.status_code, response.json()) == (200, {"message": "Logged out"})
    assert response["Cache-Control"] == "no-store"
    assert refresh(api, token) == 401
    assert refresh(api, other) == 200


def test_a_stale_access_token_does_not_block_the_logout(api, customer):
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")

    assert client.post(URL, {"refresh": str(RefreshToken.for_user(customer))}).status_code == 200


def test_a_used_or_wrong_token_is_invalid(api, customer):
    token = RefreshToken.for_user(customer)
    api().post(URL, {"refresh": str(token)})

    for invalid in (token, token.access_token, "x"):
        assert api().post(URL, {"refresh": str(invalid)}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": []}])
@pytest.mark.django_db
def test_a_malformed_body_is_refused(api, body):
    assert list(api().post(URL, body).json()) == ["refresh"]
