"""`Prefer: handling=strict`: unknown names are refused."""

import json
from types import SimpleNamespace

import pytest
from django.urls import get_resolver

from order_management.api.strict import query_parameters
from orders.models import Order

from .test_access import TABLE, routes

STRICT = {"Prefer": "handling=strict"}
APPLIED = "handling=strict"
NO_PARAMETER, NO_FIELD = ["There is no such parameter."], ["There is no such field."]
CALLS = [
    (method, f"/{route}", body)
    for method, route, body, *_ in TABLE
    if route.startswith("api/") and route != "api/docs/"
]


@pytest.fixture
def call(api, admin, bat, order):
    """A function that makes a strict call as an Admin, and fills in the id of an existing object."""

    def call(method, path, body=None, by=admin, **options):
        pk = order.pk if "orders" in path else order.customer_id if "users" in path else bat.pk
        send = getattr(api(by), method)
        return send(path.replace("<int:pk>", str(pk)), body, headers=STRICT | options.pop("headers", {}), **options)

    return call


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_every_call_refuses_an_unknown_parameter(call, method, path, body):
    response = call(method, path, body, query_params={"dry_run": "1"})

    assert (response.status_code, response.json()) == (400, {"dry_run": NO_PARAMETER})
    assert response["Preference-Applied"] == APPLIED


@pytest.mark.parametrize(("method", "path", "body"), [row for row in CALLS if row[0] != "get"])
def test_every_call_refuses_an_unknown_field(call, method, path, body):
    response = call(method, path, (body or {}) | {"zzz": 1})

    assert response.status_code == 400
    assert response.json()["zzz"] == NO_FIELD
    assert response["Preference-Applied"] == APPLIED


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_every_call_says_that_it_was_strict(call, method, path, body):
    assert call(method, path, body)["Preference-Applied"] == APPLIED


def test_a_strict_call_with_known_names_works_as_usual(call, bat):
    query = {"status": "pending", "page_size": 1, "ordering": "total", "created_after": "2020-01-01T00:00:00Z"}

    assert len(call("get", "/api/orders/", query).json()) == 1
    assert len(call("get", "/api/orders/<int:pk>/events/", {"page_size": 1}).json()) == 1
    assert call("get", "/api/reports/sales/", {"from": "2026-11-01", "to": "2026-11-02"}).status_code == 200
    assert call("put", "/api/products/<int:pk>/", {"quantity": 15}).json()["quantity"] == 15


def test_the_url_of_the_next_page_has_only_known_parameters(call, ball):
    first = call("get", "/api/products/", {"page_size": 1, "in_stock": "true"})
    url = first["Link"].partition("<")[2].partition(">")[0]

    assert [product["name"] for product in call("get", url).json()] == ["Ball"]


@pytest.mark.parametrize(
    ("path", "sent", "meant"),
    [
        ("/api/orders/", "statuss", "status"),
        ("/api/orders/", "created_since", "updated_since"),
        ("/api/orders/", "pagesize", "page_size"),
        ("/api/products/", "maxprice", "max_price"),
        ("/api/products/", "order", "ordering"),
        ("/api/products/<int:pk>/stock/", "page", "page_size"),
        ("/api/accounts/users/", "active", "is_active"),
        ("/api/reports/sales/", "From", "from"),
    ],
)
def test_the_nearest_parameter_is_named(call, path, sent, meant):
    response = call("get", path, {sent: "1"})

    assert (response.status_code, response.json()) == (400, {sent: [f"{NO_PARAMETER[0]} Did you mean {meant}?"]})


@pytest.mark.parametrize(
    ("method", "path", "sent", "meant"),
    [
        ("post", "/api/orders/", "expectd_total", "expected_total"),
        ("post", "/api/orders/<int:pk>/confirm/", "notes", "note"),
        ("patch", "/api/products/<int:pk>/", "prize", "price"),
        ("patch", "/api/accounts/me/", "e-mail", "email"),
        ("post", "/api/login/", "user_name", "username"),
    ],
)
def test_the_nearest_field_is_named(call, method, path, sent, meant):
    assert call(method, path, {sent: "1"}).json()[sent] == [f"{NO_FIELD[0]} Did you mean {meant}?"]


def test_unknown_fields_are_reported_together_with_every_other_error(call, bat):
    items = [{"product": bat.pk, "quantity": 1}, {"product": bat.pk, "quantitty": 2}]
    response = call("post", "/api/orders/", {"items": items, "expected_total": -1, "zzz": 1})

    assert response.json() == {
        "items": {
            "1": {
                "quantity": ["This field is required."],
                "quantitty": ["There is no such field. Did you mean quantity?"],
            }
        },
        "expected_total": ["Ensure this value is greater than or equal to 0."],
        "zzz": NO_FIELD,
    }


def test_a_refused_call_changes_nothing(call, bat):
    items = [{"product": bat.pk, "quantity": 1}]

    assert call("post", "/api/orders/?dry_run=1", {"items": items}).status_code == 400
    assert call("post", "/api/orders/", {"items": items, "dry_run": True}).status_code == 400
    assert call("delete", "/api/products/<int:pk>/delete/", {"dry_run": True}).status_code == 400
    assert Order.objects.count() == 1
    bat.refresh_from_db()
    assert (bat.quantity, bat.deleted_at) == (8, None)


def test_a_product_may_be_sent_back_as_it_was_read(call):
    product = call("get", "/api/products/<int:pk>/").json()

    response = call("put", "/api/products/<int:pk>/", product | {"id": 99, "quantity": 3})

    assert (response.status_code, response.json()) == (200, product | {"quantity": 3})


@pytest.mark.parametrize("prefer", ["", "handling=lenient", "handling", "strict", "handling=strictly", "count=exact"])
def test_any_other_call_ignores_unknown_names(call, prefer):
    response = call("patch", "/api/products/<int:pk>/?x=1", {"deleted": True, "zzz": 1}, headers={"Prefer": prefer})

    assert response.status_code == 200
    assert "Preference-Applied" not in response


def test_the_token_and_the_role_come_first(call, customer):
    for by, status in ((None, 401), (customer, 403)):
        response = call("post", "/api/products/create/?x=1", {"zzz": 1}, by=by)
        assert (response.status_code, "Preference-Applied" in response) == (status, False)


def test_a_wrong_method_is_a_405_whatever_its_parameters(call):
    assert call("delete", "/api/products/?x=1").status_code == 405


def test_head_and_options_can_be_strict(call):
    assert call("head", "/api/products/?page_size=1")["Preference-Applied"] == APPLIED
    assert call("head", "/api/products/?x=1").status_code == 400
    assert call("options", "/api/products/")["Preference-Applied"] == APPLIED
    assert call("options", "/api/products/?page_size=1").status_code == 400


def test_names_are_checked_before_the_key(call, bat):
    order = {"items": [{"product": bat.pk, "quantity": 1}]}
    bad_key, key = {"Idempotency-Key": "not a key"}, {"Idempotency-Key": "a-key"}

    assert list(call("post", "/api/orders/?x=1", order, headers=bad_key).json()) == ["x"]
    assert list(call("post", "/api/orders/", order | {"x": 1}, headers=bad_key).json()) == ["x"]
    assert call("post", "/api/orders/?x=1", order, headers=key).status_code == 400
    assert call("post", "/api/orders/", order, headers=key).status_code == 201


def test_a_replay_says_that_it_was_strict_if_the_retry_was(call, api, admin, bat):
    order, key = {"items": [{"product": bat.pk, "quantity": 1}]}, {"Idempotency-Key": "a-key"}
    first = api(admin).post("/api/orders/", order, headers=key)
    retry = call("post", "/api/orders/", order, headers=key)

    assert "Preference-Applied" not in first
    assert (retry["Idempotent-Replayed"], retry["Preference-Applied"]) == ("true", APPLIED)
    assert retry.content == first.content


def test_an_unchanged_list_says_that_it_was_strict(call):
    etag = call("get", "/api/products/")["ETag"]
    response = call("get", "/api/products/", headers={"If-None-Match": etag})

    assert (response.status_code, response["Preference-Applied"]) == (304, APPLIED)


def test_at_most_20_unknown_names_of_100_characters_are_repeated(call, bat):
    long = {f"{number:02}" + "\u0001" * 200: 1 for number in range(50)}
    line = {"product": bat.pk, "quantity": 1} | long
    for method, path, body in (
        ("patch", "/api/products/<int:pk>/", long),
        ("post", "/api/orders/", {"items": [line] * 15}),
        ("post", "/api/orders/", {"items": [line] * 15} | long),
    ):
        response = call(method, path, body)
        assert response.status_code == 400
        assert response.content.count(b"There is no such field.") == 20
        assert len(response.content) < 20_000
        assert r"\u0001" * 98 in response.content.decode()
        assert r"\u0001" * 99 not in response.content.decode()


def test_only_the_first_ten_wrong_items_are_named(call, bat):
    items = [{"product": bat.pk, "quantity": 1, "x": 1}] * 30

    assert list(call("post", "/api/orders/", {"items": items}).json()["items"]) == [str(n) for n in range(10)]


def test_700_unknown_parameters_are_refused_briefly(call):
    query = "&".join(f"x{number}" for number in range(700))

    assert len(call("get", f"/api/orders/?{query}").json()) == 20
    assert call("get", f"/api/orders/?{'&' * 1500}").json()["detail"] == "There are too many query parameters."


def test_unknown_names_are_not_counted_as_errors_with_a_code(call, settings):
    settings.METRICS_TOKEN = "a token of more than twenty characters"
    response = call("post", "/api/orders/<int:pk>/confirm/", {"detail": 1, "code": 1})

    assert response.json() == {"detail": NO_FIELD, "code": NO_FIELD}


@pytest.mark.parametrize("name", ["detail", "code", "non_field_errors", "__proto__", "", "\0", "\ufffd", "note ", "é"])
def test_any_name_can_be_refused(call, name):
    response = call("post", "/api/orders/<int:pk>/confirm/", {name: 1})

    assert list(response.json()) == [name]
    assert response.json()[name][0].startswith(NO_FIELD[0])


@pytest.mark.parametrize(("method", "path", "body"), [row for row in CALLS if row[0] != "get"])
def test_every_call_refuses_an_array_as_its_body(call, method, path, body):
    response = call(method, path, json.dumps([body]), content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("body", [[], "text", 1, None, [{"zzz": 1}]])
def test_a_body_that_is_not_an_object_is_refused(call, body):
    response = call("put", "/api/products/<int:pk>/", json.dumps(body), content_type="application/json")

    assert response.status_code == 400
    assert response.json() == {"detail": "The body must be a JSON object.", "code": "parse_error"}


def test_a_call_knows_the_parameters_that_the_schema_documents(client):
    """A new filter is known as soon as it exists."""
    paths = client.get("/api/schema/").json()["paths"]
    found = 0
    for route, callback in routes(get_resolver().url_patterns):
        for method, operation in paths.get("/" + route.replace("<int:pk>", "{id}"), {}).items():
            view = callback.cls(**callback.initkwargs, request=SimpleNamespace(method=method.upper()))
            parameters = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
            assert query_parameters(view) == parameters, (method, route)
            found += len(parameters)
    assert found > 20
