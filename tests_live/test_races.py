"""Concurrent calls on two workers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from .databases import ON_POSTGRES, execute, has_lock_wait, user_being_changed, user_being_deleted
from .server import CUSTOMER, PASSWORD, eventually

PRODUCT = "/api/products/{}/"


def statuses(answers):
    return sorted(answer.status for answer in answers)


def test_only_one_of_many_concurrent_registrations_gets_the_name(server):
    spellings = ["".join(letters) for letters in product("dD", "oO", "rR", "aａ")]

    answers = server.at_once(
        [("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD}) for name in spellings]
    )

    assert statuses(answers) == [201] + [400] * 15
    taken = {"username": ["A user with that username already exists."]}
    assert [answer.body for answer in answers if answer.status == 400] == [taken] * 15
    assert all(server.login(name) for name in spellings[:2])


def test_concurrent_uses_of_a_refresh_token_return_one_new_pair(server):
    assert server.customer
    for _ in range(10):
        refresh = {"refresh": server.login(CUSTOMER)["refresh"]}

        answers = server.at_once([("POST", "/api/login/refresh/", refresh)] * 16)

        assert statuses(answers) == [200] + [401] * 15
        (pair,) = (answer.body for answer in answers if answer.status == 200)
        assert server.call("GET", "/api/products/", token=pair["access"]).status == 200


USED_LONG_AGO = "UPDATE token_blacklist_blacklistedtoken SET blacklisted_at = '2026-01-01 00:00:00'"


def test_no_token_survives_the_end_of_its_session(server):
    assert server.customer
    for n in range(10):
        first = server.login(CUSTOMER)["refresh"]
        refresh = "POST", "/api/login/refresh/"
        alive = server.call(*refresh, {"refresh": first}).body["refresh"]
        execute(server.database_url, USED_LONG_AGO)

        reuses = [(*refresh, {"refresh": first})] * 8
        *refused, last = server.at_once([*reuses, (*refresh, {"refresh": alive})])

        assert statuses(refused) == [401] * 8
        if last.status == 200:  # it came first
            alive = last.body["refresh"]
        assert server.call(*refresh, {"refresh": alive}).status == 401
        assert server.output.count('"message":"session_ended"') == n + 1


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer: the call begins after the deletion")
@pytest.mark.parametrize("path", ["/api/login/", "/api/login/refresh/"])
def test_a_user_deleted_meanwhile_gets_no_token(server, path):
    name = path.split("/")[-2]
    body = {"username": name, "password": PASSWORD}
    server.call("POST", "/api/accounts/register/", body)
    if name == "refresh":
        body = {"refresh": server.login(name)["refresh"]}
    with ThreadPoolExecutor() as threads:
        with user_being_deleted(server.database_url, name):
            answer = threads.submit(server.call, "POST", path, body)
            eventually(lambda: has_lock_wait(server.database_url))

        assert answer.result().status == 401


def test_when_two_admins_demote_each_other_one_remains(server):
    for n in range(10):
        accounts = [server.call("GET", "/api/accounts/me/", token=server.admin).body["id"]]
        server.call("POST", "/api/accounts/register/", {"username": f"rival{n}", "password": PASSWORD})
        rival = server.login(f"rival{n}")["access"]
        accounts.append(server.call("GET", "/api/accounts/me/", token=rival).body["id"])
        path = "/api/accounts/users/{}/"
        assert server.call("PATCH", path.format(accounts[1]), {"role": "admin"}, server.admin).status == 200

        answers = server.at_once(
            [
                ("PATCH", path.format(accounts[1]), {"role": "customer"}, server.admin),
                ("PATCH", path.format(accounts[0]), {"role": "customer"}, rival),
            ]
        )

        assert statuses(answers) == [200, 403]
        if answers[1].status == 200:
            assert server.call("PATCH", path.format(accounts[0]), {"role": "admin"}, rival).status == 200


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer, and a login writes")
def test_a_login_does_not_wait_for_a_change_of_the_user(server):
    server.call("POST", "/api/accounts/register/", {"username": "slow", "password": PASSWORD})
    with user_being_changed(server.database_url, "slow"):
        assert server.login("slow")


def new_user(server, name, **access):
    """Register a user and return the path of their account."""
    server.call("POST", "/api/accounts/register/", {"username": name, "password": PASSWORD})
    pk = server.call("GET", "/api/accounts/me/", token=server.login(name)["access"]).body["id"]
    path = f"/api/accounts/users/{pk}/"
    assert server.call("PATCH", path, access, server.admin).status == 200
    return path


def can_log_in(server, name, password):
    return server.call("POST", "/api/login/", {"username": name, "password": password}).status == 200


def test_no_refresh_outlives_a_password_set_at_the_same_moment(server):
    for n in range(5):
        path = new_user(server, f"fresh{n}") + "password/"
        tokens = [server.login(f"fresh{n}")["refresh"] for _ in range(7)]
        refresh = "POST", "/api/login/refresh/"

        done, *pairs = server.at_once(
            [
                ("POST", path, {"new_password": f"{PASSWORD} 2"}, server.admin),
                *((*refresh, {"refresh": token}) for token in tokens),
            ]
        )

        assert done.status == 200
        assert {pair.status for pair in pairs} <= {200, 401}
        for pair in (pair.body for pair in pairs if pair.status == 200):
            assert server.call(*refresh, {"refresh": pair["refresh"]}).status == 401
            assert server.call("GET", "/api/accounts/me/", token=pair["access"]).status == 401
        assert can_log_in(server, f"fresh{n}", f"{PASSWORD} 2")


def test_of_two_passwords_set_at_the_same_moment_one_is_valid(server):
    path = new_user(server, "contested") + "password/"
    passwords = [f"{PASSWORD} {letter}" for letter in "abcdefgh"]

    answers = server.at_once([("POST", path, {"new_password": new}, server.admin) for new in passwords])

    assert statuses(answers) == [200] * 8
    assert sum(can_log_in(server, "contested", new) for new in passwords) == 1


def test_two_admins_who_set_each_others_passwords_do_not_block_each_other(server):
    for n in range(10):
        names = f"ann{n}", f"bob{n}"
        paths = [new_user(server, name, role="admin") for name in names]
        tokens = [server.login(name)["access"] for name in names]
        new = {"new_password": f"{PASSWORD} 2"}

        # A new password ends the tokens of that Admin, perhaps before their own call arrives.
        answers = server.at_once(
            [
                ("POST", f"{paths[1]}password/", new, tokens[0]),
                ("POST", f"{paths[0]}password/", new, tokens[1]),
            ]
        )

        assert statuses(answers) in ([200, 200], [200, 401])
        changed = [can_log_in(server, name, f"{PASSWORD} 2") for name in reversed(names)]
        assert changed == [answer.status == 200 for answer in answers]


def test_only_one_of_many_changes_with_the_same_etag_is_made(server):
    for _ in range(5):
        path = PRODUCT.format(server.create_product()["id"])
        state = {"If-Match": server.call("GET", path, token=server.admin).headers["ETag"]}

        answers = server.at_once([("PUT", path, {"quantity": n}, server.admin, state) for n in range(100, 116)])

        assert statuses(answers) == [200] + [412] * 15
        (made,) = (answer for answer in answers if answer.status == 200)
        now = server.call("GET", path, token=server.customer)
        assert (now.body, now.headers["ETag"]) == (made.body, made.headers["ETag"])


@pytest.mark.parametrize(("field", "other"), [("price", "quantity"), ("quantity", "price")])
def test_a_change_is_not_undone_by_changes_to_another_field(server, field, other):
    path = PRODUCT.format(server.create_product()["id"])
    mine = [
        call for n in range(20) for call in (("PUT", path, {field: n}, server.admin), ("GET", path, None, server.admin))
    ]
    theirs = [[("PUT", path, {other: 100 * n + thread}, server.admin) for n in range(20)] for thread in range(15)]

    rounds = server.rounds_at_once([mine, *theirs])

    assert {answer.status for answers in rounds for answer in answers} == {200}
    assert [float(answer.body[field]) for answer in rounds[0]] == [n for n in range(20) for _ in ("put", "got")]
    # Another thread wrote last.
    now = server.call("GET", path, token=server.customer).body
    assert float(now[other]) in range(1900, 1915)


def test_a_product_is_deleted_once(server):
    for _ in range(5):
        product = server.create_product()

        answers = server.at_once([("DELETE", f"/api/products/{product['id']}/delete/", None, server.admin)] * 8)

        assert statuses(answers) == [200] + [404] * 7
        assert product not in server.products()


def test_a_product_is_restored_once(server):
    for _ in range(5):
        path = PRODUCT.format(server.create_product()["id"])
        assert server.call("DELETE", f"{path}delete/", token=server.admin).status == 200

        answers = server.at_once([("POST", f"{path}restore/", None, server.admin)] * 8)

        assert statuses(answers) == [200] + [409] * 7


def test_deletions_and_restorations_take_turns(server):
    path = PRODUCT.format(server.create_product()["id"])
    deletions, restorations = (
        [[(method, f"{path}{action}/", None, server.admin)] * 20] * 4
        for method, action in (("DELETE", "delete"), ("POST", "restore"))
    )

    rounds = server.rounds_at_once(deletions + restorations)

    deleted, restored = ([answer.status for answers in each for answer in answers] for each in (rounds[:4], rounds[4:]))
    assert set(deleted) == {200, 404}
    assert set(restored) == {200, 409}
    is_listed = server.call("GET", path, token=server.admin).status == 200
    assert deleted.count(200) - restored.count(200) == (0 if is_listed else 1)
