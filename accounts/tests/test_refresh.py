import pytest

from accounts.tokens import RefreshToken

URL = "/api/login/refresh/"
INVALID = {"detail": "Token is invalid or expired."}


@pytest.fixture
def refresh(customer):
    return str(RefreshToken.for_user(customer))


def test_a_refresh_token_gives_a_new_pair(api, refresh):
    response = api().post(URL, {"refresh": refresh})

    assert response.status_code == 200
    assert list(response.json()) == ["access", "refresh"]
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    assert client.get("/api/products/").status_code == 200
    assert api().post(URL, {"refresh": response.json()["refresh"]}).status_code == 200


def test_a_refresh_token_is_spent_by_its_use(api, refresh):
    api().post(URL, {"refresh": refresh})

    response = api().post(URL, {"refresh": refresh})

    assert response.status_code == 401
    assert response.json() == INVALID
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_user_must_still_be_there(api, refresh, customer):
    customer.delete()

    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_the_user_must_still_be_active(api, refresh, customer):
    customer.change(is_active=False)
    assert api().post(URL, {"refresh": refresh}).status_code == 401

    customer.change(is_active=True)
    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_a_password_change_ends_the_refresh_token(api, refresh, customer):
    customer.set_password("other")
    customer.save()

    assert api().post(URL, {"refresh": refresh}).status_code == 401


def test_an_access_token_is_no_refresh_token(api, customer):
    assert api().post(URL, {"refresh": str(RefreshToken.for_user(customer).access_token)}).status_code == 401


@pytest.mark.parametrize("claim", [{"user_id": "x"}, {"user_id": None}, {"user_id": [1]}, {"user_id": 10**30}])
def test_a_signed_token_with_an_odd_user_is_invalid(api, customer, claim):
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
def test_what_is_no_token_is_invalid(api, refresh):
    assert api().post(URL, {"refresh": refresh}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": ["x"]}])
@pytest.mark.django_db
def test_a_malformed_body_is_refused(api, body):
    response = api().post(URL, body)

    assert response.status_code == 400
    assert list(response.json()) == ["refresh"]
