"""Statements that take long are in the log, and nothing of what they were about."""

import json

import pytest
from django.db import connection

from order_management.ops.logging import JSONFormatter

ANY, NONE = 0.00001, 60_000  # milliseconds: what every statement takes, and what no statement takes


@pytest.fixture
def slow(caplog):
    """A function that returns the statements that were logged as slow."""
    return lambda: [record for record in caplog.records if record.name == "slow_queries"]


@pytest.fixture
def search(api, customer, bat, settings):
    """A function that searches the products, while statements that take so long are logged."""

    def search(milliseconds):
        settings.SLOW_QUERY_MS = milliseconds
        answer = api(customer).get("/api/products/?search=a+secret", headers={"X-Request-ID": "call-1"})
        assert answer.status_code == 200

    return search


def test_a_slow_statement_is_logged_without_its_values(search, slow):
    search(ANY)

    user, products = (record.getMessage() for record in slow())
    assert '"accounts_user"' in user  # a prepared one
    assert products.startswith('SELECT "products_product"')
    assert "secret" not in user + products
    assert "%s" in products


def test_its_line_tells_the_time_and_the_request(search, caplog):
    caplog.handler.setFormatter(JSONFormatter())

    search(ANY)

    lines = [json.loads(line) for line in caplog.text.splitlines()]
    lines = [line for line in lines if line["logger"] == "slow_queries"]
    assert lines
    for line in lines:
        assert line.keys() == {"time", "level", "logger", "message", "ms", "request_id"}
        assert (line["level"], line["request_id"]) == ("WARNING", "call-1")


def test_a_quick_one_is_not(search, slow):
    search(NONE)

    assert slow() == []


def test_without_the_setting_nobody_stands_in_the_way(search, slow):
    search(0)

    assert slow() == []
    assert connection.execute_wrappers == []
