"""Rules for the body of every call that takes one."""

import json

import pytest

from accounts.models import User
from order_management.api.json import CONTAINERS_MAX, DEPTH_MAX
from products.models import Product

CALLS = [
    ("post", "/api/accounts/register/"),
    ("post", "/api/login/"),
    ("post", "/api/login/refresh/"),
    ("post", "/api/logout/"),
    ("patch", "/api/accounts/me/"),
    ("post", "/api/accounts/me/password/"),
    ("post", "/api/products/create/"),
    ("put", "/api/products/{}/"),
    ("patch", "/api/products/{}/"),
]
every_call = pytest.mark.parametrize(("method", "path"), CALLS)


@pytest.fixture
def send(api, admin, bat):
    def send(method, path, body, **headers):
        client = api(admin) if "product" in path or "/me/" in path else api()
        response = getattr(client, method)(path.format(bat.pk), body, **{"content_type": "application/json"} | headers)
        assert response["Content-Type"] == "application/json"
        # Whatever was sent, nothing has changed.
        assert User.objects.count() == 1
        assert list(Product.objects.values_list("name", "price", "quantity")) == [("Bat", 1200, 10)]
        return response

    return send


UNREADABLE = {
    "cut off": b'{"name": "Bat"',
    "trailing comma": b'{"name": "Bat",}',
    "two values": b"{}{}",
    "blank": b"   ",
    "NaN": b'{"price": NaN}',
    "Infinity": b'{"price": -Infinity}',
    "1e999": b'{"price": 1e999}',
    "lone surrogate": rb'{"name": "\ud800"}',
    "not UTF-8": '{"name": "Bät"}'.encode("latin-1"),
    "UTF-16": '{"name": "Bat"}'.encode("utf-16"),
    "byte order mark": '\ufeff{"name": "Bat"}'.encode(),
    "raw NUL": b'{"name": "a\0b"}',
    "400 levels": b'{"name": ' + b"[" * 400 + b"]" * 400 + b"}",
    "400 levels in an unknown field": b'{"name": "Bat", "x": ' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}",
    "100,000 levels": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
}


@every_call
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_body_is_refused(send, method, path, body):
    response = send(method, path, body)

    assert response.status_code == 400
    assert list(response.json()) == ["detail", "code"]


@every_call
@pytest.mark.parametrize("body", [[], [1], "Bat", 7, 1.5, True, None, [[]], [{"name": "Bat"}]])
def test_a_body_that_is_not_an_object_is_refused(send, method, path, body):
    response = send(method, path, json.dumps(body))

    assert response.status_code == 400
    assert response.json()


@every_call
@pytest.mark.parametrize(
    "content_type",
    [
        *["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "x"],
        *["application/json; charset=latin-1", "application/jsonx", "*/*", "application/*"],
        "application/" + "j" * 5000,
    ],
)
def test_another_content_type_is_refused(send, method, path, content_type):
    response = send(method, path, b'{"name": "Bat"}', content_type=content_type)

    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF8"])
def test_the_charset_may_be_stated_as_utf_8(api, admin, content_type):
    body = '{"name": "Schläger", "price": 1, "quantity": 1}'.encode()

    response = api(admin).post("/api/products/create/", body, content_type=content_type)

    assert response.status_code == 201
    assert response.json()["name"] == "Schläger"


@every_call
def test_a_huge_body_is_refused(send, method, path):
    response = send(method, path, b'{"name": "' + b"a" * 10_000_000 + b'"}')

    assert response.status_code == 413
    assert response.json() == {"detail": "The body may have up to 1048576 bytes.", "code": "too_large"}


@every_call
def test_a_chunked_body_is_refused(send, method, path):
    response = send(method, path, b"", HTTP_TRANSFER_ENCODING="chunked")

    assert response.status_code == 411
    assert "Content-Length" in response.json()["detail"]


@every_call
def test_a_content_length_that_is_not_a_number_is_refused(send, method, path):
    assert send(method, path, b"{}", CONTENT_LENGTH="many").status_code == 400


@every_call
def test_long_arrays_are_accepted(send, method, path):
    body = json.dumps({"name": [[]] * 10_000, "username": [{}] * 10_000, "email": [[[]]] * 10_000})

    assert send(method, path, body).status_code == 400


BRACKETS = {
    "in a string": '"' + "[{" * 100_000 + '"',
    "in a string after an escaped quote": r'"\"' + "[{" * 100_000 + '"',
    "in a string that ends in a backslash": '"' + "[{" * 100_000 + r'\\"',
    "in consecutive strings": '["[[[", "", "]", "{", ""]',
    "beside a string that ends in a backslash": '["' + r"\\" + '", ' + "[], " * 1000 + "[]]",
    "as many arrays and objects as allowed": "[" + "[], {}, " * (CONTAINERS_MAX // 2 - 2) + "0]",
    "as deep as allowed": "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1),
    "deep in the second of many": "[" + "[], " * 100 + "[" * (DEPTH_MAX - 2) + "]" * (DEPTH_MAX - 2) + "]",
}


@pytest.mark.parametrize("value", BRACKETS.values(), ids=BRACKETS)
def test_brackets_within_the_limits_are_accepted(api, customer, value):
    body = f'{{"first_name": "Carl", "unknown": {value}}}'

    response = api(customer).generic("PATCH", "/api/accounts/me/", body, "application/json")

    assert response.status_code == 200
    assert response.json()["first_name"] == "Carl"


TOO_MANY = "The body may contain up to 50000 arrays and objects."
TOO_DEEP = "The body is nested more than 32 levels deep."


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("[" + "[]," * CONTAINERS_MAX + "0]", TOO_MANY),
        ('["[", ' + '{}, "]", ' * CONTAINERS_MAX + "0]", TOO_MANY),
        ("[" * DEPTH_MAX + "]" * DEPTH_MAX, TOO_DEEP),
        (
            r'["\\", ' + "[" * DEPTH_MAX + '"]]]"' + "]" * DEPTH_MAX + "]",
            TOO_DEEP,
        ),
    ],
    ids=["too many", "too many among strings", "too deep", "too deep among strings"],
)
def test_too_many_arrays_and_objects_are_refused(api, customer, value, detail):
    response = api(customer).generic("PATCH", "/api/accounts/me/", f'{{"unknown": {value}}}', "application/json")

    assert response.status_code == 400
    assert response.json() == {"detail": detail, "code": "parse_error"}
