from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import sessions
from accounts.models import User
from accounts.tokens import RefreshToken


def end_sessions(*arguments):
    output = StringIO()
    call_command("end_sessions", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def dora(db):
    return User.objects.create_user("Dora")


def test_all_users_must_log_in_again(api, customer, dora):
    clients = [api(customer), api(dora)]
    refresh = str(RefreshToken.for_user(customer))

    assert end_sessions() == "Ended the sessions of 2 users.\n"

    assert [client.get("/api/products/").status_code for client in clients] == [401, 401]
    assert api().post("/api/login/refresh/", {"refresh": refresh}).status_code == 401
    access = api().post("/api/login/", {"username": "carl", "password": "carl's secret"}).json()["access"]
    assert api().get("/api/products/", headers={"Authorization": f"Bearer {access}"}).status_code == 200


@pytest.mark.parametrize("name", ["Dora", "DORA", "ｄora"])
def test_one_user_must_log_in_again(api, customer, dora, name):
    clients = [api(customer), api(dora)]

    assert end_sessions("--user", name) == "Ended the sessions of 1 user.\n"

    assert [client.get("/api/products/").status_code for client in clients] == [200, 401]


@pytest.mark.parametrize("name", ["nobody", ""])
def test_an_unknown_name_is_an_error(customer, name):
    with pytest.raises(CommandError, match="There is no user named ") as error:
        end_sessions("--user", name)

    assert error.value.returncode == 1


def test_every_user_in_every_batch_gets_versions_of_their_own(db, monkeypatch):
    monkeypatch.setattr(sessions, "BATCH", 2)
    User.objects.bulk_create(User(username=str(n), username_folded=str(n)) for n in range(5))
    before = list(User.objects.order_by("pk").values_list("token_version", "session_version"))

    assert end_sessions() == "Ended the sessions of 5 users.\n"

    after = list(User.objects.order_by("pk").values_list("token_version", "session_version"))
    drawn = [version for pair in after for version in pair]
    assert len({*drawn, *(version for pair in before for version in pair)}) == 20
    assert all(1 <= version < 2**31 for version in drawn)
