import time

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User

URL = "/api/accounts/register/"


def credentials(**changes):
    return {"username": "user1", "password": "1234"} | changes


@pytest.mark.django_db
def test_the_documented_call(api):
    response = api().post(URL, credentials())

    assert response.status_code == 201
    assert response.content == b'{"message":"Customer registered successfully"}'


@pytest.mark.django_db
def test_registering_makes_a_customer_whatever_is_sent(api):
    api().post(URL, credentials(is_staff=True, is_superuser=True, role="admin", id=7, is_active=False))

    user = User.objects.get()
    assert (user.role, user.is_staff, user.is_superuser, user.is_active) == ("customer", False, False, True)
    assert user.id != 7


@pytest.mark.parametrize("name", ["user1", "USER1", "ｕｓｅｒ１", " user1 "])
@pytest.mark.django_db
def test_a_name_is_taken_in_every_spelling(api, name):
    api().post(URL, credentials())

    response = api().post(URL, credentials(username=name))

    assert response.status_code == 400
    assert response.json() == {"username": ["A user with that username already exists."]}
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("straße", "STRASSE"), ("ﬁnn", "FINN"), ("Ω", "ω"), ("Αρης", "ΑΡΗΣ")],
)
@pytest.mark.django_db
def test_a_name_is_taken_in_every_unicode_form(api, one, other):
    assert api().post(URL, credentials(username=one)).status_code == 201
    assert api().post(URL, credentials(username=other)).status_code == 400


@pytest.mark.parametrize(
    "name",
    ["", "  ", "a b", "a" * 151, "ﷺ", "ﬁ" * 76, "nul\0", "<b>", None, [], {}, True, ["user1"]],
)
@pytest.mark.django_db
def test_a_malformed_name_is_refused(api, name):
    response = api().post(URL, credentials(username=name))

    assert response.status_code == 400
    assert list(response.json()) == ["username"]
    assert not User.objects.exists()


INVISIBLE = ["\u3164", "us\u115fer1", "user1\u1160", "\uffa0user1", "user1\u200b", "us\u00ader1", "user1\U000e0041"]


@pytest.mark.parametrize("name", INVISIBLE)
@pytest.mark.django_db
def test_a_username_with_an_invisible_character_is_refused(api, name):
    response = api().post(URL, credentials(username=name))

    assert response.status_code == 400
    assert "Invisible characters are not allowed." in response.json()["username"]
    assert not User.objects.exists()


@pytest.mark.parametrize("name", INVISIBLE)
@pytest.mark.django_db
def test_createsuperuser_refuses_such_a_name(name):
    with pytest.raises(CommandError, match="Invisible characters are not allowed"):
        call_command("createsuperuser", "--noinput", username=name, email="")


@pytest.mark.django_db
def test_an_existing_user_with_such_a_name_can_log_in(api):
    User.objects.create_user("carl\u3164", password="1234")

    assert api().post("/api/login/", credentials(username="carl\u3164")).status_code == 200


@pytest.mark.django_db
def test_a_name_of_combining_marks_costs_no_more_than_any_other(api):
    def cost(name):
        started = time.process_time()
        assert api().post(URL, credentials(username=name)).status_code == 400
        return time.process_time() - started

    plain = min(cost("a" * 40_000) for _ in range(3))

    # NFKC takes quadratic time here: hundreds of times as long if it ran before the length check.
    assert cost("a" + "\u0301\u0316" * 20_000) < 50 * plain


def test_a_name_that_can_register_can_log_in(api, db):
    for name in ("e\u0301" * 75, "e\u0301" * 76):
        registered = api().post(URL, credentials(username=name)).status_code
        assert registered == (201 if len(name) <= 150 else 400)
        assert api().post("/api/login/", credentials(username=name)).status_code == (200 if registered == 201 else 400)


@pytest.mark.parametrize("password", ["", "nul\0", "a" * 1025, None, [], {}, False])
@pytest.mark.django_db
def test_a_malformed_password_is_refused(api, password):
    response = api().post(URL, credentials(password=password))

    assert response.status_code == 400
    assert list(response.json()) == ["password"]


@pytest.mark.django_db
def test_missing_fields_are_named(api):
    assert api().post(URL, {}).json() == {
        "username": ["This field is required."],
        "password": ["This field is required."],
    }


@pytest.mark.django_db
def test_a_password_is_taken_exactly_as_typed(api):
    api().post(URL, credentials(password=" 12 34 "))

    assert User.objects.get().check_password(" 12 34 ")


@pytest.mark.django_db
def test_production_applies_djangos_validators(api, settings):
    name = "django.contrib.auth.password_validation."
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": name + "MinimumLengthValidator"},
        {"NAME": name + "UserAttributeSimilarityValidator"},
    ]

    assert api().post(URL, credentials()).json() == {
        "password": ["This password is too short. It must contain at least 8 characters."]
    }
    assert api().post(URL, credentials(password="my-user1-word")).status_code == 201
    assert "too similar" in api().post(URL, credentials(username="someone", password="someone1")).json()["password"][0]
