"""Server errors, answers that take too long, and answers that the OpenAPI document does not describe."""

import pytest

from tests_chaos.checker import check
from tests_chaos.records import Attempt, Record

PRODUCT = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "price": {"type": "string", "pattern": r"^\d+\.\d\d$"}},
    "required": ["id", "price"],
}
SCHEMA = {
    "paths": {
        "/api/products/{id}/": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Product"}}}},
                    "304": {"description": "Not modified."},
                }
            }
        }
    },
    "components": {"schemas": {"Product": PRODUCT}},
}


BAT = {"id": 1, "name": "Bat", "price": "1.00", "quantity": 3}


def called(status, answer=None, path="/api/products/1/", took=1, method="GET"):
    return Record("client", "carl", method, path, None, {}, [Attempt(0, took, status)], status, answer)


@pytest.fixture
def errors(story):
    """A function that returns what the checker says of a record of its own."""

    def errors(record, limit=60):
        story.history.records = [record]
        story.history.final = [called(200, SCHEMA, "/api/schema/")]
        return check(story.history, limit=limit)

    return errors


@pytest.mark.parametrize("record", [called(200, BAT), called(304), called(503)])
def test_documented(errors, record):
    assert errors(record) == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error(errors, status):
    assert errors(called(status))[0].startswith(f"A {status} at 1.000 s: GET /api/products/1/")


def test_a_server_error_of_an_earlier_attempt(errors):
    record = called(304)
    record.attempts.insert(0, Attempt(-2, -1, 500))

    assert errors(record)[0].startswith("A 500 at -1.000 s")


@pytest.mark.parametrize("status", [304, None])
def test_too_long(errors, status):
    assert "An attempt took 2.0 s" in errors(called(status, took=2), limit=1)[0]
    assert errors(called(status, took=2), limit=3) == []


def test_a_status_that_is_not_documented(errors):
    assert errors(called(418))[0].startswith("The schema does not know this status")


@pytest.mark.parametrize("answer", [None, [], {"id": 1}, BAT | {"id": "1"}, BAT | {"price": 1}])
def test_a_body_that_is_not_documented(errors, answer):
    assert errors(called(200, answer))[0].startswith("The body does not match the schema")


def test_a_body_of_another_shape_does_not_stop_the_other_checks(errors):
    first, second, *_ = errors(called(200, {"id": 1}))

    assert first.startswith("The body does not match the schema")
    assert second.startswith("check_products stopped at an answer of an unexpected shape: KeyError('name')")


@pytest.mark.parametrize("status", [200, 302])
def test_a_page(errors, status):
    assert errors(called(status, "<html>", "/admin/orders/")) == []


@pytest.mark.parametrize(
    ("status", "path"), [(404, "/admin/"), (403, "/admin/orders/order/"), (400, "/api/elsewhere/")]
)
def test_an_error_of_a_page(errors, status, path):
    assert errors(called(status, "<html>", path))[0].startswith("Neither a page nor a redirect")
