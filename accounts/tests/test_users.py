import pytest

from accounts.models import User

URL = "/api/accounts/users/"


@pytest.fixture
def cora(db):
    user = User.objects.create_user("Cora", password="cora's secret")
    user.set_access(is_active=False)
    return user


def names(response):
    assert response.status_code == 200, response.content
    return [user["username"] for user in response.json()]


def test_the_documented_call(api, admin, customer):
    response = api(admin).get(URL)

    user = response.json()[1]
    assert list(user) == ["id", "username", "role", "is_active", "date_joined"]
    assert (user["id"], user["username"], user["role"], user["is_active"]) == (customer.pk, "carl", "customer", True)
    assert user["date_joined"].endswith("Z")
    assert response["Cache-Control"] == "no-store"
    assert api(admin).get(f"{URL}{customer.pk}/").json() == user


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("role=admin", ["anna"]),
        ("role=customer", ["carl", "Cora"]),
        ("is_active=false", ["Cora"]),
        ("is_active=true&role=customer", ["carl"]),
        ("search=C", ["carl", "Cora"]),
        ("search=%25", []),
        ("ordering=-date_joined", ["Cora", "carl", "anna"]),
        ("ordering=-id&role=", ["Cora", "carl", "anna"]),
    ],
)
def test_filters_and_orderings(api, admin, customer, cora, query, expected):
    assert names(api(admin).get(f"{URL}?{query}")) == expected


@pytest.mark.parametrize(
    "query", ["role=king", "is_active=2", "is_active=yes", "search=%00", "ordering=email", "page_size=0"]
)
def test_a_malformed_filter_is_named(api, admin, query):
    response = api(admin).get(f"{URL}?{query}")

    assert response.status_code == 400
    assert list(response.json()) == [query.split("=")[0]]


def test_pages(api, admin, customer, cora):
    client = api(admin)
    first = client.get(f"{URL}?ordering=username&page_size=2")
    second = client.get(first["Link"].split(">")[0][1:])

    assert sorted(names(first) + names(second)) == ["Cora", "anna", "carl"]


def test_the_list_takes_two_statements(api, admin, customer, cora, django_assert_num_queries):
    client = api(admin)
    with django_assert_num_queries(2):  # the caller, the users
        client.get(URL)


def test_a_change_takes_effect_on_the_users_next_request(api, admin, customer):
    client, url = api(customer), f"{URL}{customer.pk}/"

    assert api(admin).patch(url, {"role": "admin"}).json()["role"] == "admin"
    assert client.get(URL).status_code == 200
    assert api(admin).patch(url, {"role": "customer"}).json()["role"] == "customer"
    assert client.get(URL).status_code == 403
    assert api(admin).patch(url, {"is_active": False}).json()["is_active"] is False
    assert client.get(URL).status_code == 401
    assert api(admin).patch(url, {"is_active": True}).json()["is_active"] is True
    assert client.get(URL).status_code == 401  # older tokens stay revoked


@pytest.mark.parametrize("change", [{"role": "customer"}, {"is_active": False}, {"role": "admin", "is_active": False}])
def test_admins_cannot_take_away_their_own_access(api, admin, change):
    response = api(admin).patch(f"{URL}{admin.pk}/", change)

    assert (response.status_code, response.json()) == (
        409,
        {"detail": "You cannot take away your own access.", "code": "own_access"},
    )
    assert api(admin).get(URL).status_code == 200


def test_a_change_without_effect_is_no_conflict(api, admin):
    for change in ({}, {"role": "admin"}, {"is_active": True}, {"username": "king", "is_staff": False}):
        assert api(admin).patch(f"{URL}{admin.pk}/", change).json()["username"] == "anna"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("role", value) for value in ["king", "", "ADMIN", None, [], {}, True]],
        *[("is_active", value) for value in ["maybe", "", None, [], {}, 2]],
    ],
)
def test_a_malformed_change_is_refused(api, admin, customer, field, value):
    response = api(admin).patch(f"{URL}{customer.pk}/", {field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]


@pytest.mark.parametrize("pk", [0, 999, 10**30])
def test_an_unknown_user_is_a_404(api, admin, pk):
    assert api(admin).get(f"{URL}{pk}/").status_code == 404
    assert api(admin).patch(f"{URL}{pk}/", {"is_active": False}).status_code == 404
