"""Whatever is sent, a refusal is cheap: in memory, in the size of the response and in how much input it repeats."""

import json
import tracemalloc
import unicodedata

import pytest
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import get_resolver
from rest_framework import relations, serializers
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from accounts.tokens import RefreshToken
from order_management.api.fields import ListField
from order_management.api.json import CONTAINERS_MAX
from orders.serializers import PlaceOrderSerializer

MEGABYTE = 1024 * 1024
MEMORY_MAX, RESPONSE_MAX = 40_000_000, 64 * 1024
REPEATED_MAX = 40  # characters
PROJECT = {"accounts", "orders", "products", "order_management"}
# Fields that contain other values.
CONTAINERS = (
    serializers.ListField,
    serializers.ListSerializer,
    serializers.DictField,
    serializers.JSONField,
    serializers.MultipleChoiceField,
    relations.ManyRelatedField,
)


def filled(pattern, head="[", tail="0]"):
    """Return JSON of nearly a megabyte that repeats the pattern."""
    return head + pattern * ((MEGABYTE - 1000) // len(pattern.encode())) + tail


VALUES = {
    "a string of 200 characters": '"' + "x" * 200 + '"',
    "a string": filled("x", '"', '"'),
    "digits": filled("1", '"', '"'),
    "blanks, then a letter": filled(" ", '"', 'x"'),
    "a name with a dot": filled("a.", '"', 'a@example.com"'),
    "escapes": filled(r"\\", '"', '"'),
    "a number of a million digits": filled("1", "0.", ""),
    "zeros": filled("0,"),
    "short strings": filled('"\u20ac",'),
    "arrays": filled("[],"),
    "objects": filled("{},"),
    "objects with a field": filled('{"":0},'),
    "arrays in arrays": filled("[" * 30 + "]" * 30 + ","),
    "as many objects as allowed": "[" + '{"":0},' * (CONTAINERS_MAX - 10) + "0]",
    "100,000 keys": "{" + ",".join(f'"{number}":0' for number in range(100_000)) + "}",
}

# Slow to trace, so only used for one call in four.
HEAVY = [VALUES["as many objects as allowed"], VALUES["100,000 keys"]]


def serializer_classes(base=serializers.BaseSerializer):
    """Yield every serializer class of the project."""
    assert get_resolver().url_patterns  # loads all of them
    for subclass in base.__subclasses__():
        is_abstract = issubclass(subclass, serializers.ModelSerializer) and not hasattr(subclass, "Meta")
        if subclass.__module__.partition(".")[0] in PROJECT and not is_abstract:
            yield subclass
        yield from serializer_classes(subclass)


def nested_fields(field):
    yield field
    children = [*getattr(field, "fields", {}).values(), getattr(field, "child", None)]
    for child in filter(None, children):
        yield from nested_fields(child)


@pytest.mark.parametrize("serializer", sorted(set(serializer_classes()), key=repr), ids=lambda each: each.__name__)
def test_every_list_of_a_serializer_is_bounded(serializer):
    holders = [field for field in nested_fields(serializer()) if isinstance(field, CONTAINERS)]

    assert all(isinstance(field, ListField) and field.max_length for field in holders), holders


def test_the_lists_of_an_order_are_among_them():
    assert PlaceOrderSerializer in set(serializer_classes())
    assert [field.max_length for field in nested_fields(PlaceOrderSerializer()) if isinstance(field, CONTAINERS)] == [
        100
    ]


class CountingField(serializers.IntegerField):
    validated = 0

    def run_validation(self, data=serializers.empty):
        self.validated += 1
        return super().run_validation(data)


@pytest.mark.parametrize(
    ("sent", "validated", "named"),
    [([0] * 101, 0, None), (["x"] * 100, 10, list(range(10))), ([0] * 90 + ["x"] * 10, 100, list(range(90, 100)))],
)
def test_the_length_of_a_list_is_checked_before_its_items(sent, validated, named):
    field = ListField(child=CountingField(), max_length=100)

    with pytest.raises(serializers.ValidationError) as refusal:
        field.run_validation(sent)

    assert field.child.validated == validated
    too_long = ["Ensure this field has no more than 100 elements."]
    assert refusal.value.detail == too_long if named is None else list(refusal.value.detail) == named


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ([], ["This list may not be empty."]),
        ({}, ["Must be a list."]),
        ([5], {"0": {"non_field_errors": ["Must be an object."]}}),
    ],
)
def test_a_list_of_objects_must_be_one(api, customer, sent, error):
    response = api(customer).post("/api/orders/", {"items": sent})

    assert (response.status_code, response.json()) == (400, {"items": error})


@pytest.fixture(scope="module")
def schema():
    return json.loads(APIClient().get("/api/schema/").content)


@pytest.fixture
def bodies(schema, pks):
    """Method, path and field names of one call per kind of body."""
    calls = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                kind = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                calls[kind] = method, pks(path), list(schema["components"]["schemas"][kind]["properties"])
    return list(calls.values())


@pytest.fixture
def pks(customer, order):
    """A function that fills in the id of an existing object."""
    numbers = {"orders": order.pk, "products": order.lines.get().product_id, "accounts": customer.pk}
    return lambda path: path.replace("{id}", str(numbers.get(path.split("/")[2])))


@pytest.fixture
def send(api, admin):
    """A function that makes a call as an Admin and checks the response against the limits."""
    client = api(admin)

    def send(method, path, body, **extra):
        # The client's own token would replace this header.
        caller = api() if "Authorization" in extra.get("headers", {}) else client
        tracemalloc.start()
        try:
            response = caller.generic(method.upper(), path, body, "application/json", **extra)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY_MAX
        assert response.status_code < 500
        assert response.status_code != 413
        if response.status_code >= 400:
            assert len(response.content) < RESPONSE_MAX
            assert response.json()
        return response

    # The first call compiles SQL that is then kept.
    client.get("/api/orders/")
    return send


def is_repeated(text, response):
    return text[50 : 50 + REPEATED_MAX] in response.content.decode()


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_megabyte_in_a_field_is_refused_cheaply(send, bodies, value):
    calls = [(method, path, name) for method, path, names in bodies for name in names]
    assert len(calls) > 10
    for method, path, name in calls[:: 4 if value in HEAVY else 1]:
        assert not is_repeated(value, send(method, path, f'{{"{name}": {value}}}')), (path, name)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_megabyte_as_the_body_is_refused_cheaply(send, bodies, value):
    for method, path, _ in bodies[:: 4 if value in HEAVY else 1]:
        assert not is_repeated(value, send(method, path, value)), path


def test_a_megabyte_in_a_line_of_an_order_is_refused_cheaply(send):
    for value in set(VALUES.values()) - set(HEAVY):
        for field in ("product", "quantity"):
            body = f'{{"items": [{{"product": 1, "quantity": 1, "{field}": {value}}}]}}'
            assert not is_repeated(value, send("post", "/api/orders/", body))


def test_a_megabyte_of_fields_that_do_not_exist_is_ignored(send):
    fields = ", ".join(f'"{number}": "{"[" * 300}"' for number in range(3000))

    assert send("patch", "/api/accounts/me/", f'{{"first_name": "Anna", {fields}}}').status_code == 200


def test_a_megabyte_of_fields_that_do_not_exist_is_refused_cheaply_if_the_call_is_strict(send, bodies):
    for method, path, names in bodies:
        for start in {"", names[0][:-1]}:
            fields = ", ".join(f'"{start}{number}{"e" * 300}": "{"[" * 20}"' for number in range(2500))
            response = send(method, path, f"{{{fields}}}", headers={"Prefer": "handling=strict"})
            assert response.content.count(b"There is no such field.") == 20, path


def test_no_query_parameter_is_repeated(send, schema, pks):
    gets = [
        (pks(path), methods["get"].get("parameters", []))
        for path, methods in schema["paths"].items()
        if "get" in methods
    ]
    names = [
        (path, parameter["name"]) for path, parameters in gets for parameter in parameters if parameter["in"] == "query"
    ]
    assert len(names) > 20
    for path, name in names:
        for text in ("x" * 200, "x" * 3900, "1" * 3900, "\u20ac" * 400):
            response = send("get", path, "", query_params={name: text})
            assert response.status_code == 400 or response.json() == [], (path, name)
            assert text[:REPEATED_MAX] not in response.content.decode(), (path, name)


@pytest.mark.parametrize("header", ["Authorization", "Idempotency-Key", "If-Match", "Accept", "Prefer", "X-Request-ID"])
@pytest.mark.parametrize("start", ["Bearer ", ""])
@pytest.mark.parametrize("length", [60, 250, 60_000])
def test_no_header_is_repeated(send, pks, header, start, length):
    product = pks("/api/products/{id}/")
    order = json.dumps({"items": [{"product": int(product.split("/")[3]), "quantity": 1}]})
    statuses = []
    for method, path, body in (("post", "/api/orders/", order), ("put", product, '{"quantity": 1}')):
        response = send(method, path, body, headers={header: start + "x" * length})
        statuses.append(response.status_code)
        assert "x" * REPEATED_MAX not in response.content.decode()
    # The header is refused, not the body.
    expected = {"Authorization": [401, 401], "Idempotency-Key": [400, 400], "If-Match": [201, 412]}
    assert length <= 255 or statuses == expected.get(header, [201, 200])


@pytest.mark.parametrize("method", ["x" * 50, "x" * 250, "<b>" + "x" * 200, "x" * 5000, "post"])
@pytest.mark.parametrize(
    "path",
    ["/api/products/", "/api/products/" + "1" * 3000, *("/api/" + "x" * length for length in (50, 250, 5000))],
)
def test_no_method_or_path_is_repeated(send, method, path):
    answer = send(method, path, "[]")

    assert answer.status_code in (404, 405)
    assert len(answer.content) < 200
    assert "x" * REPEATED_MAX not in answer.content.decode().lower()


class LibraryView(APIView):
    """A view with a field of DRF's own, whose error repeats the input."""

    authentication_classes, permission_classes = [], []

    def post(self, request):
        serializers.ChoiceField(["a", "b"]).run_validation(request.data["choice"])


def test_the_error_of_a_library_does_not_repeat_the_input():
    response = LibraryView.as_view()(APIRequestFactory().post("/", {"choice": "x" * 5000}))

    assert response.status_code == 400
    assert len(response.render().content) < 200


def test_a_token_that_is_too_long_is_invalid(api, customer):
    token = str(RefreshToken.for_user(customer))

    assert api().post("/api/login/refresh/", {"refresh": token + "A" * 4096}).status_code == 401
    assert api().post("/api/login/refresh/", {"refresh": token}).status_code == 200


LOGIN, PRODUCTS = "/admin/login/", "/admin/products/product/"
CSRF_TOKEN = "a" * 64
MARKS = "a" + "\u0301" * 15_000 + "\u0316" * 15_000
URLENCODED = "application/x-www-form-urlencoded"
# Path, body and content type of requests that anybody can send outside /api/.
FORMS = {
    "a name of 30,000 combining marks": (LOGIN, {"username": MARKS, "password": "x"}, MULTIPART_CONTENT),
    "a name of 63,000 quotation marks": (LOGIN, {"username": '"' * 63_000, "password": "x"}, MULTIPART_CONTENT),
    "a password of 63,000 quotation marks": (LOGIN, {"username": "x", "password": '"' * 63_000}, MULTIPART_CONTENT),
    "a form of 2.5 MB": (f"{PRODUCTS}import/", "x=" + "%41" * 830_000, URLENCODED),
    "a form of 800,000 fields": (f"{PRODUCTS}import/", "a=&" * 800_000, URLENCODED),
}


@pytest.fixture
def browser(db):
    """An anonymous browser with a CSRF cookie."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = CSRF_TOKEN
    browser.get(LOGIN)  # the first call compiles templates that are then kept
    return browser


def submit(browser, path, body, content_type=MULTIPART_CONTENT):
    """Submit a form and check the response against the limits."""
    if isinstance(body, dict):
        body = {"csrfmiddlewaretoken": CSRF_TOKEN} | body
    else:
        body = f"csrfmiddlewaretoken={CSRF_TOKEN}&{body}"
    tracemalloc.start()
    try:
        response = browser.post(path, body, content_type)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_MAX
    assert len(response.content) < RESPONSE_MAX
    return response


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_outside_the_api_is_refused_cheaply(browser, form):
    response = submit(browser, *form)

    assert response.status_code in (200, 400, 413)  # 200: the login page again
    assert "sessionid" not in browser.cookies
    assert len(response.content) < 20_000


def test_a_list_of_1999_forms_is_refused_cheaply(site, bat):
    response = submit(site, PRODUCTS, {"form-TOTAL_FORMS": 1999, "form-INITIAL_FORMS": 1999, "_save": "Save"})

    assert response.status_code == 200
    assert len(response.context["cl"].formset.forms) <= 200
    bat.refresh_from_db()
    assert bat.price == 1200


def test_no_long_name_is_normalized(api, browser, monkeypatch):
    """Normalizing takes quadratic time if the combining marks have to be sorted."""
    lengths, normalize = [], unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", lambda form, text: lengths.append(len(text)) or normalize(form, text))

    for name in (MARKS, MARKS[-2000:]):  # the second is short enough for a form
        submit(browser, LOGIN, {"username": name, "password": "x"})
    authenticate(HttpRequest(), username=MARKS, password="x")
    for path in ("/api/login/", "/api/accounts/register/"):
        assert api().post(path, {"username": MARKS, "password": "1234"}).status_code in (400, 401)

    assert lengths
    assert max(lengths) <= 200
