"""A failed login runs the same hashes for every name. The tests count hashes, since times vary between runs."""

from collections import Counter

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, PBKDF2PasswordHasher, make_password
from django.db import connection

from accounts import timing
from accounts.hashers import Argon2Hasher
from accounts.models import User

runs = Counter()
HERE = __name__


class NewHasher(MD5PasswordHasher):
    algorithm = "new"

    def encode(self, password, salt):
        runs["new"] += 1
        return super().encode(password, salt)


class OldHasher(PBKDF2PasswordHasher):
    iterations = 50

    def encode(self, password, salt, iterations=None):
        runs["old"] += iterations or self.iterations
        return super().encode(password, salt, iterations)


class OtherHasher(MD5PasswordHasher):
    algorithm = "other"

    def encode(self, password, salt):
        runs["other"] += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _hashers(settings, db):
    settings.PASSWORD_HASHERS = [f"{HERE}.{name}" for name in ("NewHasher", "OldHasher", "OtherHasher")]
    settings.THROTTLE_ENABLED = False


def user(name, hasher="default", **fields):
    return User.objects.create(username=name, password=make_password("right", hasher=hasher), **fields)


def cost(api, name, password):
    """Return the number of runs of each hasher that a login takes."""
    runs.clear()
    api().post("/api/login/", {"username": name, "password": password})
    return dict(runs)


NAMES = ["new", "old", "older", "other", "inactive", "unusable", "empty", "gibberish", "malformed", "nobody"]


@pytest.fixture
def users():
    for name in ("old", "other"):
        user(name, {"old": "pbkdf2_sha256"}.get(name, name))
    user("new")
    user("inactive", "pbkdf2_sha256", is_active=False)
    OldHasher.iterations, iterations = 20, OldHasher.iterations
    User.objects.create(username="older", password=OldHasher().encode("right", "salt"))
    OldHasher.iterations = iterations
    for name, encoded in {"unusable": "!x", "empty": "", "gibberish": "secret", "malformed": "pbkdf2_sha256$x"}.items():
        User.objects.create(username=name, password=encoded)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_password_runs_every_hasher_in_use(api, users, name):
    assert cost(api, name, "wrong") == {"new": 1, "old": 50, "other": 1}


@pytest.mark.parametrize("name", NAMES)
def test_without_old_hashes_only_the_new_hasher_runs(api, users, name):
    User.objects.filter(password__startswith="pbkdf2_sha256$").update(password=make_password("right"))
    User.objects.filter(password__startswith="other$").update(password=make_password("right"))

    assert cost(api, name, "wrong") == {"new": 1}


@pytest.mark.parametrize("name", [*NAMES, "expensive"])
def test_a_hash_more_expensive_than_new_ones_costs_every_name_the_same(api, users, name):
    expensive = PBKDF2PasswordHasher().encode("right", "salt", iterations=500)
    User.objects.create(username="expensive", password=expensive)

    assert cost(api, name, "wrong") == {"new": 1, "old": 550, "other": 1}


def test_the_right_password_of_an_inactive_user_costs_the_same_and_keeps_the_hash(api, users):
    before = User.objects.get(username="inactive").password

    assert cost(api, "inactive", "right") == {"new": 1, "old": 50, "other": 1}
    assert User.objects.get(username="inactive").password == before


def test_the_admin_site_runs_the_same_hashers(client, users):
    for name in NAMES:
        runs.clear()
        client.post("/admin/login/", {"username": name, "password": "wrong"})
        assert runs == {"new": 1, "old": 50, "other": 1}


def test_a_right_password_is_hashed_once_and_an_old_hash_is_upgraded(api, users):
    assert cost(api, "new", "right") == {"new": 1}
    assert cost(api, "old", "right") == {"new": 1, "old": 50}
    assert cost(api, "old", "right") == {"new": 1}


def test_equal_cost_adds_one_statement_to_a_wrong_login_and_none_to_a_right_one(api, users, django_assert_num_queries):
    User.objects.exclude(username="new").delete()
    cost(api, "new", "right")  # is recorded; the next one within an hour is not
    for password, count in (("wrong", 2), ("right", 2)):  # the user; then the old hashes or the token
        with django_assert_num_queries(count):
            cost(api, "new", password)


def test_an_argon2_hash_with_other_parameters_is_an_old_hash(settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user("new")
    assert timing.old_hashes() == []

    old = Argon2PasswordHasher().encode("right", "a salt of its own")
    User.objects.create(username="old", password=old)

    assert timing.old_hashes() == [old]


def test_old_hashes_are_found_by_an_index():
    assert Argon2Hasher().encode("right", "a salt of its own").startswith(f"{Argon2Hasher.kind}$")
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(explain + timing.old_hash_sql(1, 1), ["pbkdf2_sha256$%", "argon2$%"])
        assert "old_hashes" in str(cursor.fetchall())
