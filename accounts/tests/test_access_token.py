import datetime
import time

import jwt
import pytest
from django.conf import settings

from accounts.models import User
from accounts.tokens import RefreshToken

URL = "/api/products/"


def get(api, authorization):
    client = api()
    client.credentials(HTTP_AUTHORIZATION=authorization)
    return client.get(URL)


@pytest.fixture
def claims(customer):
    return RefreshToken.for_user(customer).access_token.payload


def bearer(claims, key=settings.SECRET_KEY, algorithm="HS256"):
    return f"Bearer {jwt.encode(claims, key, algorithm)}"


def test_our_own_signature_is_accepted(api, claims):
    assert get(api, bearer(claims)).status_code == 200


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("another key, at least 64 bytes long because HS512 requires that many", "HS256"),
        (settings.SECRET_KEY, "HS512"),
        ("", "none"),
    ],
)
def test_any_other_signature_is_refused(api, claims, key, algorithm):
    assert_refused(get(api, bearer(claims, key, algorithm)))


@pytest.mark.parametrize(
    "change", [{"token_type": "refresh"}, {"user_id": 999}, {"user_id": "1 OR 1=1"}, {"version": 9}]
)
def test_a_token_with_a_wrong_claim_is_refused(api, claims, change):
    assert_refused(get(api, bearer(claims | change)))


@pytest.mark.parametrize("exp", [1, 10**20, "soon", None])
def test_an_expired_or_absurd_expiry_is_refused(api, claims, exp):
    assert_refused(get(api, bearer(claims | {"exp": exp})))


def test_a_token_that_was_accepted_before_still_expires(api, claims):
    header = bearer(claims | {"exp": int(time.time()) + 2})
    assert get(api, header).status_code == 200

    time.sleep(2.1)

    assert_refused(get(api, header))


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer x", "Bearer \xff", "Basic abc", "", "eyJ"])
@pytest.mark.django_db
def test_a_malformed_header_is_refused(api, header):
    assert_refused(get(api, header))


def test_a_truncated_or_altered_token_is_refused(api, claims):
    header = bearer(claims)
    assert_refused(get(api, header[:-5]))
    assert_refused(get(api, header.replace(".", ".e", 1)))


def test_a_refresh_token_is_not_accepted_as_an_access_token(api, customer):
    assert_refused(get(api, f"Bearer {RefreshToken.for_user(customer)}"))


def test_an_access_token_lives_fifteen_minutes(claims):
    assert claims["exp"] - claims["iat"] == datetime.timedelta(minutes=15).total_seconds()


def test_a_user_disabled_by_a_bare_update_is_refused(api, customer):
    client = api(customer)
    User.objects.update(is_active=False)

    assert_refused(client.get(URL))


def test_the_scheme_is_case_insensitive(api, claims):
    assert get(api, bearer(claims).replace("Bearer", "bEARER")).status_code == 200


@pytest.mark.parametrize("end", ["delete", "disable", "password", "no password"])
def test_revoking_a_users_access_ends_the_token(api, customer, end):
    client = api(customer)
    match end:
        case "delete":
            customer.delete()
        case "disable":
            customer.set_access(is_active=False)
        case "password":
            customer.set_password("other")
            customer.save(update_fields=["password"])
        case "no password":
            customer.set_unusable_password()
            customer.save()

    assert_refused(client.get(URL))


def test_a_new_role_takes_effect_on_the_next_request(api, customer, admin):
    client = api(customer)
    customer.set_access(role="admin")
    assert client.post("/api/products/create/", {"name": "Bat", "price": 1, "quantity": 1}).status_code == 201

    customer.set_access(role="customer")
    assert client.post("/api/products/create/", {"name": "Bat", "price": 1, "quantity": 1}).status_code == 403


def assert_refused(response):
    assert response.status_code == 401
    assert list(response.json()) == ["detail", "code"]
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
