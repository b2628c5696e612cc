import pytest

from accounts.models import User
from accounts.services import update_profile
from accounts.tokens import RefreshToken

URL = "/api/accounts/me/"
PASSWORD = "/api/accounts/me/password/"
CHANGE = {"old_password": "carl's secret", "new_password": "a better one"}


def test_the_documented_call(api, customer, admin):
    response = api(customer).get(URL)

    me = response.json()
    assert list(me) == ["id", "username", "role", "email", "first_name", "last_name", "date_joined"]
    assert (me["id"], me["username"], me["role"], me["email"]) == (customer.pk, "carl", "customer", "")
    assert me["date_joined"].endswith("Z")
    assert response["Cache-Control"] == "no-store"
    assert api(admin).get(URL).json()["role"] == "admin"


def test_a_change_shows_what_another_one_has_changed_at_the_same_moment(customer):
    User.objects.filter(pk=customer.pk).update(first_name="Carl")

    update_profile(customer, last_name="Smith")

    assert (customer.first_name, customer.last_name) == ("Carl", "Smith")


def test_only_personal_details_can_be_changed(api, customer):
    body = {"email": "carl@example.com", "first_name": "Carl", "role": "admin", "username": "king", "is_staff": True}
    before = api(customer).get(URL).json()

    after = api(customer).patch(URL, body | {"id": 99, "date_joined": "2020-01-01T00:00:00Z"}).json()

    assert after == before | {"email": "carl@example.com", "first_name": "Carl"}
    assert api(customer).get(URL).json() == after


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("email", value) for value in ["x", "a@b", "a" * 250 + "@example.com", "nul\0@example.com", None, [], True]],
        *[(name, value) for name in ("first_name", "last_name") for value in ["a" * 151, "nul\0", None, {}, True]],
    ],
)
def test_a_malformed_field_is_named(api, customer, field, value):
    response = api(customer).patch(URL, {"first_name": "New"} | {field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert User.objects.get().first_name == ""


def test_a_changed_password_ends_every_token_at_once(api, customer):
    access, refresh = api(customer), str(RefreshToken.for_user(customer))

    response = api(customer).post(PASSWORD, CHANGE)

    assert (response.status_code, response.json()) == (200, {"message": "Password changed"})
    assert access.get(URL).status_code == 401
    assert api().post("/api/login/refresh/", {"refresh": refresh}).status_code == 401
    login = {"username": "carl", "password": "carl's secret"}
    assert api().post("/api/login/", login).status_code == 401
    assert api().post("/api/login/", login | {"password": "a better one"}).status_code == 200


@pytest.mark.parametrize("old", ["wrong", "carl's secret ", "CARL'S SECRET"])
def test_the_old_password_must_be_right(api, customer, old):
    response = api(customer).post(PASSWORD, CHANGE | {"old_password": old})

    assert (response.status_code, response.json()) == (400, {"old_password": ["This is not your password."]})
    assert User.objects.get().check_password("carl's secret")


def test_the_second_of_two_changes_from_the_same_password_fails(customer):
    first, second = User.objects.get(), User.objects.get()

    assert first.change_password("one")
    assert not second.change_password("two")

    assert User.objects.get().check_password("one")


def test_production_applies_djangos_validators(api, customer, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]

    response = api(customer).post(PASSWORD, CHANGE | {"new_password": "short"})

    assert response.status_code == 400
    assert list(response.json()) == ["new_password"]


@pytest.mark.parametrize("field", ["old_password", "new_password"])
@pytest.mark.parametrize("value", ["", "nul\0", "a" * 1025, None, [], True])
def test_a_malformed_password_is_refused(api, customer, field, value):
    response = api(customer).post(PASSWORD, CHANGE | {field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
