"""Ledgers that lack a row, have one too many, or do not add up."""

import pytest

from tests_chaos.checker import check

LEDGER, EVENTS, PRODUCTS = "products/stock/", "orders/events/", "products/"


@pytest.fixture
def ledger(history, final):
    return final(history, LEDGER)


def row_with(ledger, **fields):
    return next(row for row in ledger if fields.items() <= row.items())


def test_a_stock_that_is_not_the_sum(history, final, found):
    final(history, PRODUCTS)[0]["quantity"] += 1

    assert found(history, "The stock of product 1 disagrees")


def test_a_balance_that_is_not_the_sum(history, ledger, found):
    row_with(ledger, note="delivery")["balance"] += 1

    assert found(history, "The balance of this row is not")


def test_a_lost_product(history, final, found):
    del final(history, PRODUCTS)[0]

    assert found(history, "Product 1 is neither in the list of products")


def test_a_product_that_exists_twice(history, final, found):
    final(history, PRODUCTS).append(final(history, PRODUCTS)[0] | {"id": 3})

    assert found(history, "This product was created more than once, with the ids [1, 3]")


def test_a_product_that_was_refused(history, found):
    history.records[0].status, history.records[0].answer = 400, {"name": ["Wrong."]}

    assert found(history, "This product was refused but exists")


def test_a_product_that_was_never_answered(history, final, found):
    create = history.records[0]
    create.status, create.attempts = None, [attempt._replace(status=None) for attempt in create.attempts]
    assert check(history) == []

    final(history, PRODUCTS).append(final(history, PRODUCTS)[0] | {"id": 3})
    assert found(history, "This unanswered call created more than one product")


def test_a_ledger_that_does_not_begin(history, ledger, found):
    del ledger[0]

    assert found(history, "The ledger of product 1 does not have exactly one row `created`")


@pytest.mark.parametrize(("kind", "delta"), [("ordered", -2), ("cancelled", 1), ("returned", 1)])
def test_a_row_of_an_order_that_is_missing(history, ledger, found, kind, delta):
    row = row_with(ledger, kind=kind)
    ledger.remove(row)

    assert found(history, f"The ledger lacks 1 row(s): product {row['product']}, {kind} {delta}")


@pytest.mark.parametrize("kind", ["ordered", "cancelled", "returned"])
def test_a_row_of_an_order_twice(history, ledger, found, kind):
    ledger.append(row_with(ledger, kind=kind) | {"id": 99})

    assert found(history, "The ledger has 1 row(s) too many")


def test_damaged_goods_that_went_back_into_stock(history, final, found):
    event = row_with(final(history, EVENTS), action="return")
    event["items"][0]["restock"] = False

    assert found(history, "The ledger has 1 row(s) too many: product 1, returned 1, order 1")


def test_a_ledger_in_another_order_than_the_calls(story, final, found):
    for note in ("third", "fourth"):
        story.call("POST", "orders/", {"items": [{"product": 1, "quantity": 1}], "note": note}, user="carl")
    history = story.end()
    ledger = final(history, LEDGER)
    third, fourth = row_with(ledger, order=3), row_with(ledger, order=4)
    assert check(history) == []

    third["order"], fourth["order"] = 4, 3
    assert found(history, "No order of the calls explains the answer about product 1")


def test_a_lost_booking(history, ledger, found):
    ledger.remove(row_with(ledger, note="delivery"))

    assert found(history, "The ledger of product 1 has 0 row(s), not 1 to 1")


def test_a_booking_twice(history, ledger, found):
    ledger.append(row_with(ledger, note="delivery") | {"id": 99})

    assert found(history, "The ledger of product 1 has 2 row(s), not 1 to 1")


def test_a_refused_booking(history, record_of, found):
    refused = record_of(history, "delivery")
    refused.status, refused.answer = 409, {"code": "stock_out_of_bounds"}

    assert found(history, "The ledger of product 1 has 1 row(s), not 0 to 0")


def test_a_lost_count(story, final, found):
    story.call("POST", "products/stock/", {"changes": [{"product": 2, "quantity": 33}], "note": "December"})
    history = story.end()
    ledger = final(history, LEDGER)
    ledger.remove(row_with(ledger, note="December"))

    assert found(history, "The ledger of product 2 has 0 row(s), not 1 to 1")


def test_a_count_that_equals_the_stock_writes_nothing(story, final, found):
    count = {"product": 2, "quantity": 77, "expected": 77}
    story.call("POST", "products/stock/", {"changes": [count], "note": "December"})
    history = story.end()
    assert check(history) == []

    ledger = final(history, LEDGER)
    ledger.append(row_with(ledger, balance=77) | {"id": 99, "note": "December"})
    assert found(history, "The ledger of product 2 has 1 row(s), not 0 to 0")


def test_half_a_bulk(history, ledger, record_of, found):
    lost = record_of(history, "November")
    lost.status, lost.attempts = None, [attempt._replace(status=None) for attempt in lost.attempts]
    ledger.remove(row_with(ledger, note="November", product=2))

    assert found(history, "Only a part of this call was carried out")


def test_a_lost_update(history, ledger, found):
    ledger.remove(row_with(ledger, balance=77))

    assert found(history, "This acknowledged change is not in the ledger")


def test_an_update_twice(history, ledger, found):
    ledger.append(row_with(ledger, balance=77) | {"id": 99})

    assert found(history, "This change is in the ledger 2 times")


def test_a_refused_update(history, found):
    refused = next(record for record in history.records if record.body == {"quantity": 77})
    refused.status, refused.answer = 412, {"code": "precondition_failed"}

    assert found(history, "This change was refused and is in the ledger")


@pytest.mark.parametrize(("kind", "note"), [("adjusted", "phantom"), ("set", ""), ("set", "phantom")])
def test_a_row_that_no_call_explains(history, ledger, found, kind, note):
    ledger.append(row_with(ledger, note="delivery") | {"id": 99, "kind": kind, "note": note})

    assert found(history, "No call explains this row of the ledger")
