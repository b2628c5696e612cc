"""The OpenAPI schema and the server agree.

CALLS has, for every operation, a call that succeeds and a row per documented response: how to provoke it.
"""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import override_settings
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from accounts.models import IdempotencyKey
from accounts.tokens import RefreshToken
from order_management.api.views import Schema
from orders.models import Order
from products.models import Product

# Headers that clients act on. Only a page with neighbors has a Link, only a replay has Idempotent-Replayed, and only
# what was preferred is applied.
OPTIONAL_HEADERS = {"Idempotent-Replayed", "Link", "Preference-Applied", "Total-Count"}
HEADERS = {"ETag", "Location", "Retry-After", "WWW-Authenticate"} | OPTIONAL_HEADERS


class Shop(SimpleNamespace):
    """What a row may use; `call` makes the call that succeeds, with the changes of the row."""

    def call(self, **changes):
        good_call, _ = CALLS[self.operation["operationId"]]
        return self.send(**good_call(self) | changes)

    def send(self, by=None, pk=None, body=None, content_type="application/json", during=None, **extra):
        self.sent = body
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        client, path = self.api(by), self.operation["path"].format(id=pk)
        with during or nullcontext():
            return client.generic(self.operation["method"], path, content, content_type, **extra)


def calling(**changes):
    return lambda shop: shop.call(**changes)


def unchanged(shop):
    return shop.call(headers={"If-None-Match": shop.call().headers["ETag"]})


def database_away(shop):
    def refuse(*args):
        raise OperationalError

    return shop.call(during=connection.execute_wrapper(refuse))


def over_plain_http(shop):
    with override_settings(SECURE_SSL_REDIRECT=True):
        return shop.call()


def lines(**changes):
    return lambda shop: shop.call(body={"items": [{"product": shop.bat.pk, "quantity": 1} | changes]})


def unexpected_total(shop):
    return shop.call(body={"items": [{"product": shop.bat.pk, "quantity": 1}], "expected_total": "1.00"})


def ordering_for(name, by="admin"):
    def call(shop):
        body = {"items": [{"product": shop.bat.pk, "quantity": 1}], "customer": name}
        return shop.call(by=getattr(shop, by), body=body)

    return call


def replayed(shop):
    shop.call(headers={"Idempotency-Key": "a"})
    return shop.call(headers={"Idempotency-Key": "a"})


def key_reused(shop):
    for user in (shop.admin, shop.customer):
        IdempotencyKey.objects.claim(user, "a", request="POST /api/elsewhere/", fingerprint="")
    return shop.call(headers={"Idempotency-Key": "a"})


def taking_a_step(who, status="pending"):
    def call(shop):
        Order.objects.filter(status="pending").update(status=status)
        return {"by": getattr(shop, who), "pk": shop.order.pk, "body": {"note": "now"}}

    return call


def deleted_product(shop):
    Product.objects.filter(pk=shop.ball.pk).remove()
    return {"by": shop.admin, "pk": shop.ball.pk}


def change_of(product, **change):
    return {"body": {"changes": [{"product": product.pk} | change], "note": "now"}}


def after(times, **changes):
    """The call that succeeds, made after this many calls with the changes."""

    def call(shop):
        for number in range(times):
            shop.call(**{name: change(number) for name, change in changes.items()})
        return shop.call()

    return call


def twice(shop):
    shop.call()
    return shop.call()


without_token = calling(by=None)
STRICT = {"Prefer": "handling=strict"}
EVERY_CALL = [(400, calling(query_params={"zzz": 1}, headers=STRICT)), (403, over_plain_http), (503, database_away)]
COUNTED = (200, calling(headers={"Prefer": "count=exact"}))
FOR_BOTH = [(401, without_token)]
FOR_ADMINS = [*FOR_BOTH, (403, lambda shop: shop.call(by=shop.customer))]
WITH_BODY = [
    (400, calling(body=b"{")),
    (411, calling(headers={"Transfer-Encoding": "chunked"})),
    (413, calling(body=b" " * (1024 * 1024 + 1))),
    (415, calling(content_type="text/plain")),
]
DETAIL = [(200, calling()), (404, calling(pk=0))]
TOO_LONG = (414, calling(query_params={"page_size": "1" * 4000}))
LIST = [(200, calling()), (304, unchanged), (400, calling(query_params={"page_size": 0})), TOO_LONG]
KEYED = [(200, replayed), (422, key_reused)]
FOR_SOMEBODY = [(400, ordering_for("nobody")), (403, ordering_for("anna", by="customer"))]
CHANGE = [*DETAIL, *FOR_ADMINS, *KEYED, (412, calling(headers={"If-Match": '"old"'}))]

STEP = [
    (200, calling()),
    (400, calling(body={"note": []})),
    (404, calling(pk=0)),
    (409, twice),
    *FOR_ADMINS,
    *WITH_BODY,
    *KEYED,
]

CALLS = {
    "root": (lambda shop: {}, [(200, calling())]),
    "register": (
        lambda shop: {"body": {"username": "dora", "password": "1234"}},
        [
            *[(201, calling()), (400, calling(body={})), *WITH_BODY],
            (429, after(60, body=lambda number: {"username": f"name{number}", "password": "1234"})),
        ],
    ),
    "login": (
        lambda shop: {"body": {"username": "carl", "password": "carl's secret"}},
        [
            *[(200, calling()), (401, calling(body={"username": "carl", "password": "?"})), *WITH_BODY],
            (429, after(10, body=lambda _: {"username": "carl", "password": "?"})),
        ],
    ),
    "refresh": (
        lambda shop: {"body": {"refresh": str(RefreshToken.for_user(shop.customer))}},
        [(200, calling()), (401, calling(body={"refresh": "eyJ..."})), *WITH_BODY],
    ),
    "logout": (
        lambda shop: {"body": {"refresh": str(RefreshToken.for_user(shop.customer))}},
        [(200, calling()), (401, calling(body={"refresh": "eyJ..."})), *WITH_BODY],
    ),
    "me_get": (lambda shop: {"by": shop.customer}, [(200, calling()), *FOR_BOTH]),
    "me_patch": (
        lambda shop: {"by": shop.customer, "body": {"email": "carl@example.com"}},
        [(200, calling()), (400, calling(body={"email": "x"})), *FOR_BOTH, *WITH_BODY],
    ),
    "password_change": (
        lambda shop: {"by": shop.customer, "body": {"old_password": "carl's secret", "new_password": "other"}},
        [
            *[(200, calling()), (400, calling(body={"old_password": "?", "new_password": "x"})), *FOR_BOTH, *WITH_BODY],
            (429, after(10, body=lambda _: {"old_password": "?", "new_password": "x"})),
        ],
    ),
    "logout_everywhere": (lambda shop: {"by": shop.customer}, [(200, calling()), *FOR_BOTH]),
    "user_list": (
        lambda shop: {"by": shop.admin, "query_params": {"page_size": 1}},
        [*[row for row in LIST if row[0] != 304], *FOR_ADMINS],
    ),
    "user_get": (lambda shop: {"by": shop.admin, "pk": shop.customer.pk}, [*DETAIL, *FOR_ADMINS]),
    "user_patch": (
        lambda shop: {"by": shop.admin, "pk": shop.customer.pk, "body": {"role": "admin"}},
        [
            *[*DETAIL, (400, calling(body={"role": "king"})), *FOR_ADMINS, *WITH_BODY],
            (409, lambda shop: shop.call(pk=shop.admin.pk, body={"role": "customer"})),
        ],
    ),
    "user_password": (
        lambda shop: {"by": shop.admin, "pk": shop.customer.pk, "body": {"new_password": "other"}},
        [
            *[*DETAIL, (400, calling(body={"new_password": ""})), *FOR_ADMINS, *WITH_BODY],
            (409, lambda shop: shop.call(pk=shop.admin.pk)),
        ],
    ),
    "product_list": (
        lambda shop: {"by": shop.customer, "query_params": {"page_size": 1}},
        [*LIST, COUNTED, *FOR_BOTH, (403, calling(query_params={"low_stock": 1}))],
    ),
    "product_create": (
        lambda shop: {"by": shop.admin, "body": {"name": "Net", "price": 300, "quantity": 4}},
        [
            (201, calling()),
            (201, replayed),
            (400, calling(body={"name": ""})),
            (422, key_reused),
            *WITH_BODY,
            *FOR_ADMINS,
        ],
    ),
    "product_get": (lambda shop: {"by": shop.customer, "pk": shop.bat.pk}, [*DETAIL, *FOR_BOTH, (304, unchanged)]),
    "product_put": (
        lambda shop: {"by": shop.admin, "pk": shop.bat.pk, "body": {"quantity": 15}},
        [*CHANGE, (400, calling(body={"quantity": -1})), *WITH_BODY],
    ),
    "product_patch": (
        lambda shop: {"by": shop.admin, "pk": shop.bat.pk, "body": {"price": "1250.50"}},
        [*CHANGE, (400, calling(body={"price": "-1"})), *WITH_BODY],
    ),
    "product_restore": (
        deleted_product,
        [*DETAIL, *FOR_ADMINS, *KEYED, (409, lambda shop: shop.call(pk=shop.bat.pk))],
    ),
    "stock_list": (
        lambda shop: {"by": shop.admin, "pk": shop.bat.pk, "query_params": {"page_size": 1}},
        [*LIST, *FOR_ADMINS, (404, calling(pk=0))],
    ),
    "stock_adjust": (
        lambda shop: {"by": shop.admin, "pk": shop.bat.pk, "body": {"delta": -2, "note": "damaged"}},
        [*CHANGE, (400, calling(body={"delta": 0})), *WITH_BODY, (409, calling(body={"delta": -99}))],
    ),
    "stock_feed": (lambda shop: {"by": shop.admin, "query_params": {"page_size": 1}}, [*LIST, *FOR_ADMINS]),
    "stock_change": (
        lambda shop: {"by": shop.admin} | change_of(shop.bat, delta=-2),
        [
            *[(200, calling()), *FOR_ADMINS, *KEYED, *WITH_BODY],
            (400, lambda shop: shop.call(**change_of(shop.bat, delta=0))),
            (409, lambda shop: shop.call(**change_of(shop.bat, delta=-99))),
            (409, lambda shop: shop.call(**change_of(shop.bat, quantity=5, expected=9))),
        ],
    ),
    "order_list": (
        lambda shop: {"by": shop.customer, "query_params": {"page_size": 1}},
        [*LIST, COUNTED, *FOR_BOTH, (403, calling(query_params={"customer": "carl"}))],
    ),
    "order_create": (
        lambda shop: {"by": shop.customer, "body": {"items": [{"product": shop.bat.pk, "quantity": 2}], "note": "now"}},
        [
            *[(201, calling()), (201, replayed), *FOR_BOTH, *WITH_BODY],
            *[(400, lines(product=0)), (400, lines(product=999)), (400, calling(body={"items": []}))],
            *[(409, lines(quantity=99)), (409, unexpected_total), (422, key_reused)],
            *FOR_SOMEBODY,
            (201, ordering_for("carl")),
            (429, calling(during=override_settings(ORDER_RATE=(1, timedelta(hours=1))))),
        ],
    ),
    "order_preview": (
        lambda shop: {"by": shop.customer, "body": {"items": [{"product": shop.bat.pk, "quantity": 2}]}},
        [
            *[(200, calling()), (200, lines(quantity=99)), (200, ordering_for("carl")), *FOR_BOTH, *WITH_BODY],
            *[(400, lines(product=999)), (400, calling(body={"items": []})), *FOR_SOMEBODY],
        ],
    ),
    "order_get": (lambda shop: {"by": shop.customer, "pk": shop.order.pk}, [*DETAIL, *FOR_BOTH, (304, unchanged)]),
    "order_events": (lambda shop: {"by": shop.customer, "pk": shop.order.pk}, [*LIST, *FOR_BOTH, (404, calling(pk=0))]),
    "order_feed": (lambda shop: {"by": shop.admin, "query_params": {"page_size": 1}}, [*LIST, *FOR_ADMINS]),
    "order_confirm": (taking_a_step("admin"), STEP),
    "order_ship": (taking_a_step("admin", "confirmed"), STEP),
    "order_deliver": (taking_a_step("admin", "shipped"), STEP),
    "order_return": (
        taking_a_step("admin", "delivered"),
        [
            *[*STEP, (200, lines(quantity=1)), (409, lines(quantity=99))],
            *[(400, lines(product=999)), (400, calling(body={"items": []}))],
        ],
    ),
    "order_cancel": (taking_a_step("customer"), [row for row in STEP if row[0] != 403]),
    "sales_report": (
        lambda shop: {"by": shop.admin, "query_params": {"from": "2026-11-01", "to": "2026-11-30"}},
        [
            *FOR_ADMINS,
            (200, calling()),
            (304, unchanged),
            (400, calling(query_params={"from": "2026-11-01"})),
            TOO_LONG,
        ],
    ),
    "product_delete": (lambda shop: {"by": shop.admin, "pk": shop.bat.pk}, CHANGE),
}
ROWS = [(name, *row) for name, (_, rows) in CALLS.items() for row in rows + EVERY_CALL]
ROWS.remove(("root", 503, database_away))


def close(part):
    """Allow an object only the documented fields."""
    return {"additionalProperties": False} | part if "properties" in part else part


@pytest.fixture(scope="module")
def schema():
    return json.loads(APIClient().get("/api/schema/").content, object_hook=close)


@pytest.fixture(scope="module")
def operations(schema):
    return {
        operation["operationId"]: {"path": path, "method": method.upper(), **operation}
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
def shop(api, admin, customer, bat, ball, order):
    return Shop(api=api, admin=admin, customer=customer, bat=bat, ball=ball, order=order)


def check(value, content, schema):
    """Validate a value against the schema of a body; `schema` is the whole document."""
    whole = content["schema"] | {"components": schema["components"]}
    # A `format` is an annotation: a client may check it or not.
    for checker in (None, Draft202012Validator.FORMAT_CHECKER):
        Draft202012Validator(whole, format_checker=checker).validate(value)


@pytest.mark.parametrize(("name", "status", "provoke"), ROWS, ids=[f"{name}-{status}" for name, status, _ in ROWS])
def test_the_server_responds_as_documented(shop, schema, operations, name, status, provoke):
    shop.operation = operations[name]
    answer = provoke(shop)

    assert answer.status_code == status
    documented = shop.operation["responses"][str(status)]
    if "content" in documented:
        check(answer.json(), documented["content"][answer.headers["Content-Type"]], schema)
    else:
        assert (answer.content, answer.get("Content-Type")) == (b"", None)
    headers = set(documented.get("headers", ()))
    assert headers - OPTIONAL_HEADERS <= {header for header in HEADERS if header in answer.headers} <= headers
    if status < 300 and shop.sent is not None:
        check(shop.sent, shop.operation["requestBody"]["content"]["application/json"], schema)


def test_every_documented_response_has_a_row_and_every_row_is_documented(operations):
    documented = {(name, int(status)) for name, operation in operations.items() for status in operation["responses"]}

    assert {(name, status) for name, status, _ in ROWS} == documented


def test_every_route_and_method_is_in_the_schema(operations):
    def routes(patterns, prefix="/"):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from routes(pattern.url_patterns, route)
            elif route.startswith("/api/") and route not in ("/api/schema/", "/api/docs/"):
                view = pattern.callback.cls(**pattern.callback.initkwargs)
                yield from ((method, re.sub("<.*?>", "{}", route)) for method in view.allowed_methods)

    served = {route for route in routes(get_resolver().url_patterns) if route[0] != "OPTIONS"}
    assert served == {(each["method"], re.sub("{.*?}", "{}", each["path"])) for each in operations.values()}


@pytest.mark.parametrize("name", CALLS)
def test_every_operation_has_a_summary_and_valid_examples(schema, operations, name):
    assert operations[name]["summary"]
    for body in [*operations[name]["responses"].values(), operations[name].get("requestBody", {})]:
        for content in body.get("content", {}).values():
            examples = content.get("examples") or {"Example": {"value": content["example"]}}
            for example in examples.values():
                check(example["value"], content, schema)


def parts(schema, path=()):
    """Yield (path, object) for every object in a JSON document."""
    if isinstance(schema, dict):
        yield path, schema
    for key, child in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if isinstance(child, dict | list):
            yield from parts(child, (*path, key))


def parameters(operations):
    """Return (name of the operation, parameter) for every parameter of every operation."""
    return [(name, each) for name, operation in operations.items() for each in operation.get("parameters", [])]


def test_allowed_origins_may_send_and_read_every_documented_header(settings, operations):
    sent = {parameter["name"].lower() for _, parameter in parameters(operations) if parameter["in"] == "header"}
    answers = [answer for operation in operations.values() for answer in operation["responses"].values()]
    read = {name for answer in answers for name in answer.get("headers", {})}

    assert {"if-match", "idempotency-key"} <= sent <= set(settings.CORS_ALLOW_HEADERS)
    assert {"ETag", "Link"} <= read - {"WWW-Authenticate"} <= set(settings.CORS_EXPOSE_HEADERS)


# Values for parameters that name none themselves.
OF_FORMAT = {"date": "2026-11-01", "date-time": "2026-11-01T10:00:00Z"}
OF_TYPE = {"integer": 1, "number": 1.5, "string": "a"}


def values(parameter):
    """Return the values that a parameter names, or one that should be valid."""
    schema = parameter["schema"]
    named = [each[key] for each in (parameter, schema) for key in ("example", "default", "const") if key in each]
    named += [example["value"] for example in parameter.get("examples", {}).values()] + schema.get("enum", [])
    named += schema.get("examples", [])
    if schema["type"] == "boolean":
        named += [True, False]
    return named or [OF_FORMAT.get(schema.get("format")) or OF_TYPE[schema["type"]]]


def test_the_values_that_a_parameter_names_are_valid(operations):
    for name, parameter in parameters(operations):
        fits = Draft202012Validator(parameter["schema"]).is_valid
        assert all(map(fits, values(parameter))), (name, parameter)


def test_the_values_that_a_schema_names_are_valid(schema):
    for path, part in parts(schema):
        if isinstance(part.get("type"), str | list):
            for value in [part[key] for key in ("default", "const") if key in part] + part.get("enum", []):
                assert Draft202012Validator(part).is_valid(value), (path, part)


def test_no_request_field_has_a_default(schema, operations):
    """Client generators such as openapi-typescript would require every caller to send the field."""
    bodies = [operation["requestBody"] for operation in operations.values() if "requestBody" in operation]
    requests = json.dumps(bodies)
    named = {name for name in schema["components"]["schemas"] if name.endswith("Request") or f'/{name}"' in requests}

    assert len(named) > 8
    for name in named:
        assert [path for path, part in parts(schema["components"]["schemas"][name]) if "default" in part] == []


def test_every_field_of_a_response_is_required(schema, operations):
    """Otherwise client generators would make every reader check for missing fields."""
    components = schema["components"]["schemas"]
    shown = [
        components[name] for name in components if not name.endswith("Request") and "properties" in components[name]
    ]

    assert len(shown) > 8
    for component in shown:
        assert set(component.get("required", ())) == set(component["properties"])


def test_a_boolean_parameter_can_be_spelled_in_several_ways(shop, operations):
    found = [(name, each["name"]) for name, each in parameters(operations) if each["schema"].get("type") == "boolean"]
    assert {"in_stock", "is_active"} <= {parameter for _, parameter in found}

    for name, parameter in found:
        shop.operation, by = operations[name], shop.admin
        for spellings in (("true", "TRUE", "True", "tRuE", "1"), ("false", "FALSE", "False", "0")):
            answers = [shop.send(by=by, query_params={parameter: spelling}) for spelling in spellings]
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
        for wrong in ("maybe", "2", "yes", "on", "truee", "-1", "tr\0ue", "x" * 3000):
            answer = shop.send(by=by, query_params={parameter: wrong})
            assert (answer.status_code, answer.json()) == (400, {parameter: ["Must be true or false."]})


def test_every_query_parameter_is_accepted_as_documented(shop, operations):
    """Except the cursor, which only the server can make."""
    for name, parameter in parameters(operations):
        if parameter["in"] != "query" or parameter["name"] == "cursor":
            continue
        shop.operation, (good_call, _) = operations[name], CALLS[name]
        for value in values(parameter):
            call = good_call(shop) | {"by": shop.admin}
            text = json.dumps(value) if isinstance(value, bool) else value
            call["query_params"] = call.get("query_params", {}) | {parameter["name"]: text}
            assert shop.send(**call).status_code == 200, (name, parameter["name"], value)


@pytest.mark.parametrize("name", CALLS)
def test_an_operation_documents_whether_it_needs_a_token(operations, name):
    needed = (name, 401, without_token) in ROWS

    assert operations[name].get("security", [{}]) == ([{"Bearer": []}] if needed else [{}])


def test_anybody_may_read_the_schema(api):
    answer = api().get("/api/schema/", headers={"Authorization": "Bearer stale"})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.1.")
    assert answer.json()["components"]["securitySchemes"]["Bearer"]["scheme"] == "bearer"


def test_the_schema_is_built_once_whatever_the_query(api, monkeypatch):
    made = []

    class Generator(SchemaGenerator):
        def get_schema(self, **options):
            made.append(options)
            return super().get_schema(**options)

    monkeypatch.setattr(Schema, "generator_class", Generator)
    with ThreadPoolExecutor(8) as threads:
        queries = [{}, {"lang": "de"}, {"version": "2"}, {"format": "json"}] * 2
        answers = list(threads.map(lambda query: api().get("/api/schema/", query), queries))

    assert len(made) == 1
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}


@pytest.mark.parametrize("encoding", ["", "gzip", "gzip, deflate, br"])
def test_an_unchanged_schema_is_a_304(api, encoding):
    headers = {"Accept-Encoding": encoding}
    etag = api().get("/api/schema/", headers=headers)["ETag"]

    for known in (etag, f'"old", {etag.removeprefix("W/")}', "*"):
        answer = api().get("/api/schema/", headers=headers | {"If-None-Match": known})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert api().get("/api/schema/", headers=headers | {"If-None-Match": '"old"'}).status_code == 200


def test_the_schema_is_compressed_for_clients_that_accept_gzip(api):
    plain = api().get("/api/schema/", headers={"Accept-Encoding": "gzip;q=0, br"})
    zipped = api().get("/api/schema/", headers={"Accept-Encoding": "br, gzip;q=0.5"})

    assert gzip.decompress(zipped.content) == plain.content
    assert (zipped["Content-Encoding"], plain.get("Content-Encoding")) == ("gzip", None)
    for answer in (plain, zipped):
        assert "Accept-Encoding" in answer["Vary"]
        assert answer["Cache-Control"] == "public, no-cache"
        assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("accept", ["text/html", "application/yaml", "image/png", "*/*"])
def test_the_schema_is_json_whatever_the_client_accepts(api, accept):
    assert api().get("/api/schema/", headers={"Accept": accept}).json()["openapi"] == "3.1.1"


def test_the_schema_handles_other_methods_like_every_call(api):
    head, get, post = api().head("/api/schema/"), api().get("/api/schema/"), api().post("/api/schema/", {})

    assert (head.status_code, head["ETag"], head["Content-Length"]) == (200, get["ETag"], get["Content-Length"])
    assert (post.status_code, post["Allow"], list(post.json())) == (405, "GET, HEAD, OPTIONS", ["detail", "code"])
    assert api().options("/api/schema/").status_code == 200


def test_the_command_writes_the_same_document(api):
    written = StringIO()
    call_command("spectacular", "--format=openapi-json", stdout=written)

    assert json.loads(written.getvalue()) == api().get("/api/schema/").json()


def test_the_schema_is_valid_and_built_without_warnings():
    call_command("spectacular", "--validate", "--fail-on-warn", "--format=openapi-json", stdout=StringIO())
