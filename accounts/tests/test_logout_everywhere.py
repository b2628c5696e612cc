import pytest

from accounts.tokens import RefreshToken

URL = "/api/accounts/me/logout-all/"


@pytest.mark.parametrize("who", ["customer", "admin"])
def test_the_documented_call(api, request, who):
    user = request.getfixturevalue(who)
    clients, refresh = [api(user), api(user)], str(RefreshToken.for_user(user))

    response = clients[0].post(URL)

    assert (response.status_code, response.json()) == (200, {"message": "Logged out everywhere"})
    assert response["Cache-Control"] == "no-store"
    assert [client.get("/api/products/").status_code for client in clients] == [401, 401]
    assert api().post("/api/login/refresh/", {"refresh": refresh}).status_code == 401


def test_it_ends_the_sessions_of_the_admin_site(api, admin, site):
    assert site.get("/admin/").status_code == 200

    api(admin).post(URL)

    assert site.get("/admin/").status_code == 302


def test_only_the_callers_own_sessions_end(api, admin, customer):
    anna = api(admin)

    assert api(customer).post(URL).status_code == 200

    assert anna.get("/api/products/").status_code == 200


def test_the_password_stays_the_same(api, customer):
    api(customer).post(URL)

    login = {"username": "carl", "password": "carl's secret"}
    assert api().post("/api/login/", login).status_code == 200


def test_a_strict_call_with_fields_is_refused(api, customer):
    client = api(customer)

    response = client.post(URL, {"refresh": "eyJ..."}, headers={"Prefer": "handling=strict"})

    assert (response.status_code, response.json()) == (400, {"refresh": ["There is no such field."]})
    assert client.post(URL, {}, headers={"Prefer": "handling=strict"}).status_code == 200


def test_any_other_call_ignores_fields(api, customer):
    assert api(customer).post(URL, {"refresh": "eyJ..."}).status_code == 200
