"""Slow statements are logged, without their values."""

import json

import pytest
from django.db import connection

from order_management.ops.json_log import JSONFormatter

ANY, NONE = 0.00001, 60_000  # milliseconds: every statement takes longer than the first, none as long as the second


@pytest.fixture
def slow(caplog):
    """A function that returns the records of slow statements."""
    return lambda: [record for record in caplog.records if record.name == "slow_queries"]


@pytest.fixture
def search(api, customer, bat, settings):
    """A function that searches the products while statements that take this long are logged."""

    def search(milliseconds):
        settings.SLOW_QUERY_MS = milliseconds
        answer = api(customer).get("/api/products/?search=a+secret", headers={"X-Request-ID": "call-1"})
        assert answer.status_code == 200

    return search


def test_a_slow_statement_is_logged_without_its_values(search, slow):
    search(ANY)

    user, products = (record.getMessage() for record in slow())
    assert '"accounts_user"' in user  # compiled in advance
    assert products.startswith('SELECT "products_product"')
    assert "secret" not in user + products
    assert "%s" in products


def test_the_line_has_the_duration_and_the_request_id(search, caplog):
    caplog.handler.setFormatter(JSONFormatter())

    search(ANY)

    lines = [json.loads(line) for line in caplog.text.splitlines()]
    lines = [line for line in lines if line["logger"] == "slow_queries"]
    assert lines
    for line in lines:
        assert line.keys() == {"time", "level", "logger", "message", "ms", "request_id"}
        assert (line["level"], line["request_id"]) == ("WARNING", "call-1")


def test_a_fast_statement_is_not_logged(search, slow):
    search(NONE)

    assert slow() == []


def test_without_the_setting_no_wrapper_is_installed(search, slow):
    search(0)

    assert slow() == []
    assert connection.execute_wrappers == []
