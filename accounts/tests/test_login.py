import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher, make_password

from accounts.models import User

URL = "/api/login/"
CARL = {"username": "carl", "password": "carl's secret"}
REFUSAL = {"detail": "No active account found with the given credentials", "code": "no_active_account"}


def test_the_documented_call(api, customer):
    response = api().post(URL, {"username": "carl", "password": "carl's secret"})

    assert response.status_code == 200
    assert list(response.json()) == ["refresh", "access"]
    assert all(token.startswith("eyJ") for token in response.json().values())
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["carl", "CARL", "ｃａｒｌ", " Carl"])
def test_the_username_can_be_spelled_in_any_case_or_form(api, customer, name):
    assert api().post(URL, {"username": name, "password": "carl's secret"}).status_code == 200


@pytest.mark.parametrize(("name", "password"), [("carl", "wrong"), ("carl", "carl's secret "), ("nobody", "1234")])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(api, customer, name, password):
    response = api().post(URL, {"username": name, "password": password})

    assert response.status_code == 401
    assert response.json() == REFUSAL
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_disabled_user_cannot_log_in(api, customer):
    customer.set_access(is_active=False)

    assert api().post(URL, {"username": "carl", "password": "carl's secret"}).json() == REFUSAL


@pytest.mark.parametrize("body", [{}, {"username": "carl"}, {"username": [], "password": {}}, {"username": "a" * 151}])
def test_malformed_credentials_are_refused(api, customer, body):
    assert api().post(URL, body).status_code == 400


def test_a_stale_token_does_not_block_the_login(api, customer):
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")

    assert client.post(URL, {"username": "carl", "password": "carl's secret"}).status_code == 200


def test_the_tokens_hold_no_personal_data(api, customer):
    import jwt

    pair = api().post(URL, {"username": "carl", "password": "carl's secret"}).json()
    refresh, access = (set(jwt.decode(token, options={"verify_signature": False})) for token in pair.values())
    assert access == {"token_type", "exp", "iat", "jti", "user_id", "version"}
    assert refresh == access | {"session"}


def test_an_old_hash_logs_in_and_is_upgraded_without_ending_sessions(api, customer, settings):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    User.objects.update(password=make_password("1234", hasher="pbkdf2_sha256"))
    before = api(customer)

    access = api().post(URL, {"username": "carl", "password": "1234"}).json()["access"]

    customer.refresh_from_db()
    assert customer.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert before.get("/api/products/").status_code == 200
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    assert client.get("/api/products/").status_code == 200


class DeletingHasher(MD5PasswordHasher):
    """An Admin deletes the user while the password is checked."""

    def verify(self, password, encoded):
        User.objects.all().delete()
        return super().verify(password, encoded)


@pytest.mark.django_db(transaction=True)
def test_a_user_deleted_during_the_password_check_cannot_log_in(api, settings):
    User.objects.create_user("carl", password="carl's secret")
    settings.PASSWORD_HASHERS = [f"{__name__}.DeletingHasher"]

    response = api().post(URL, CARL)

    assert (response.status_code, response.json()) == (401, REFUSAL)


class PasswordChangingHasher(PBKDF2PasswordHasher):
    """The user changes the password while the old one is checked."""

    iterations = 1

    def verify(self, password, encoded):
        User.objects.update(password=make_password("a new one", hasher="argon2"))
        return super().verify(password, encoded)


def test_a_login_that_upgrades_the_hash_does_not_undo_a_password_change(api, customer, settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher", f"{__name__}.PasswordChangingHasher"]
    User.objects.update(password=make_password("carl's secret", hasher="pbkdf2_sha256"))

    api().post(URL, CARL)

    assert User.objects.get().check_password("a new one")
