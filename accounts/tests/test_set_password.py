"""An Admin sets somebody else's password."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts.models import User
from accounts.tokens import RefreshToken

URL = "/api/accounts/users/{}/password/"
NEW = {"new_password": "a better one"}


@pytest.fixture
def set_password(api, admin, customer):
    """A function that sets the customer's password as the Admin."""

    def set_password(**body):
        return api(admin).post(URL.format(customer.pk), NEW | body)

    return set_password


def log_in(api, password):
    return api().post("/api/login/", {"username": "carl", "password": password})


def test_the_documented_call(api, set_password):
    response = set_password()

    assert (response.status_code, response.json()) == (200, {"message": "Password set"})
    assert response["Cache-Control"] == "no-store"
    assert log_in(api, "carl's secret").status_code == 401
    assert log_in(api, "a better one").status_code == 200


def test_every_token_and_admin_session_of_the_user_ends_at_once(api, admin, client):
    rival = User.objects.create_superuser("rita", password="rita's secret")
    access, refresh = api(rival), str(RefreshToken.for_user(rival))
    client.force_login(rival)
    anna = api(admin)

    assert anna.post(URL.format(rival.pk), NEW).status_code == 200

    assert access.get("/api/products/").status_code == 401
    assert api().post("/api/login/refresh/", {"refresh": refresh}).status_code == 401
    assert client.get("/admin/").status_code == 302
    assert anna.get("/api/products/").status_code == 200


def test_a_user_who_is_locked_out_stays_locked_out(api, customer, set_password):
    customer.set_access(is_active=False)

    assert set_password().status_code == 200

    assert log_in(api, "a better one").status_code == 401
    User.objects.get(username="carl").set_access(is_active=True)
    assert log_in(api, "a better one").status_code == 200


def test_counted_failed_logins_still_count(api, set_password):
    assert [log_in(api, "a guess").status_code for _ in range(10)] == [401] * 10

    assert set_password().status_code == 200

    assert log_in(api, "a better one").status_code == 429


def test_only_the_password_changes(customer, set_password):
    before = User.objects.filter(pk=customer.pk).values().get()

    set_password()

    after = User.objects.filter(pk=customer.pk).values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"password", "token_version", "session_version"}


def test_the_password_is_compared_with_the_name_of_the_user(customer, set_password, settings):
    validator = "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": validator}]
    User.objects.filter(pk=customer.pk).update(first_name="Montgomery")

    for password in ("montgomery1", "carl"):
        response = set_password(new_password=password)
        assert (response.status_code, list(response.json())) == (400, ["new_password"])
    assert set_password(new_password="anna").status_code == 200


@pytest.mark.parametrize("value", ["", "nul\0", "a" * 1025, None, [], True])
def test_a_malformed_password_is_refused(set_password, value):
    response = set_password(new_password=value)

    assert (response.status_code, list(response.json())) == (400, ["new_password"])
    assert User.objects.get(username="carl").check_password("carl's secret")


def test_the_password_is_taken_exactly_as_typed(api, set_password):
    set_password(new_password=" a better one ")

    assert log_in(api, "a better one").status_code == 401
    assert log_in(api, " a better one ").status_code == 200


def test_admins_change_their_own_password_with_the_old_one(api, admin):
    response = api(admin).post(URL.format(admin.pk), NEW)

    detail = "Change your own password at /api/accounts/me/password/."
    assert (response.status_code, response.json()) == (409, {"detail": detail, "code": "own_access"})
    assert User.objects.get().check_password("anna's secret")


@pytest.mark.parametrize("pk", [0, 999, 10**30])
def test_an_unknown_user_is_a_404(api, admin, pk):
    assert api(admin).post(URL.format(pk), NEW).status_code == 404


def test_a_user_without_a_password_gets_one(api, customer, set_password):
    customer.set_unusable_password()
    customer.save()

    set_password()

    assert log_in(api, "a better one").status_code == 200


class SettingHasher(PBKDF2PasswordHasher):
    """An Admin sets the password while the user changes it."""

    iterations = 1

    def verify(self, password, encoded):
        if User.objects.filter(password=encoded).exists():
            user = User.objects.get(password=encoded)
            user.set_password("a better one")
            user.save()
        return super().verify(password, encoded)


def test_a_change_by_the_user_does_not_undo_the_password_just_set(api, customer, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.SettingHasher"]
    customer.set_password("carl's secret")
    customer.save()
    passwords = {"old_password": "carl's secret", "new_password": "other"}

    response = api(customer).post("/api/accounts/me/password/", passwords)

    assert response.status_code == 401
    assert log_in(api, "a better one").status_code == 200
