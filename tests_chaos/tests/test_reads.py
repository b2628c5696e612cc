"""Lists that lack an own order, and reports that are not the sum of the orders."""

import pytest

REPORT = "reports/sales/"


def own_list(history):
    return next(record for record in history.records if record.path == "/api/orders/?page_size=1")


def test_a_list_without_the_newest_order(history, found):
    own_list(history).answer = own_list(history).answer[:0]

    assert found(history, "The list lacks order 2, which its reader had placed")


def test_a_full_page_of_older_orders(history, final, found):
    own_list(history).answer = [final(history, "orders/")[1]]

    assert found(history, "The list lacks order 2")


def test_a_page_that_is_full_of_newer_orders(history, found):
    assert own_list(history).answer_headers["link"]
    assert not found(history, "The list lacks order")


def test_a_page_that_is_not_full(history, found):
    own_list(history).answer_headers["link"] = ""

    assert found(history, "The list lacks order 1")


@pytest.mark.parametrize(("name", "value"), [("orders", 2), ("revenue", "1450.01")])
def test_totals(history, final, found, name, value):
    final(history, REPORT)[name] = value

    assert found(history, "but the orders say {'orders': 1, 'revenue': '1450.00'}")


def test_a_day(history, final, found):
    final(history, REPORT)["by_day"][0]["orders"] += 1

    assert found(history, "for a day, but the orders say")


def test_a_missing_day(history, final, found):
    del final(history, REPORT)["by_day"][1]

    assert found(history, "The report has 1 days, not 2")


@pytest.mark.parametrize(("name", "value"), [("name", "Net"), ("quantity", 2), ("revenue", "2400.00")])
def test_a_product(history, final, found, name, value):
    final(history, REPORT)["top_products"][0][name] = value

    assert found(history, "of a product, but the orders say")


def test_a_product_that_is_missing(history, final, found):
    del final(history, REPORT)["top_products"][0]

    assert found(history, "The best revenues in the report are")
