"""Histories of one product: every answer must have an order of the calls that explains it."""

import pytest

from .product_calls import (
    AFTER,
    BEFORE,
    bat,
    booked,
    call,
    created,
    deleted,
    errors,
    ledger,
    lines,
    listed,
    not_found,
    order_failed,
    order_lost,
    order_refused,
    ordered,
    read,
    refused,
    restored,
    tag_of,
    updated,
)

IF_MATCH = {"If-Match": tag_of(bat(10))}
RIGHT = {
    "the last piece is sold once": [created(1), ordered(1, BEFORE), order_refused(1, 0, AFTER)],
    "two orders at once are in any order": [created(3), ordered(1, BEFORE), ordered(2, BEFORE, 2), read(0, AFTER)],
    "a read at the same time shows the new": [created(10), booked(5, 15, (2, 5)), read(15, (3, 4))],
    "or the old": [created(10), booked(5, 15, (2, 5)), read(10, (3, 4))],
    "an unanswered order is done": [created(10), order_lost(3, BEFORE), read(7, AFTER)],
    "or not": [created(10), order_lost(3, BEFORE), read(10, AFTER)],
    "or late": [created(10), order_lost(3, BEFORE), read(10, (4, 5)), read(7, AFTER)],
    "an attempt without an answer took effect": [created(10), ordered(3, (6, 9), lost=[BEFORE]), read(7, (4, 5))],
    "an attempt of a refused order is carried out later": [
        created(2),
        order_refused(3, 2, (4, 5), lost=[BEFORE]),
        booked(9, 11, AFTER),
        read(8, (8, 9)),
    ],
    "a server error says nothing": [created(9), order_failed(3, BEFORE), read(6, AFTER)],
    "If-Match names the state": [created(10), read(10, BEFORE), updated({"quantity": 3}, bat(3), AFTER, **IF_MATCH)],
    "If-Match fails": [created(10), booked(1, 11, BEFORE), refused(412, "precondition_failed", AFTER, **IF_MATCH)],
    "a deleted product is missing": [created(10), deleted(BEFORE), not_found((4, 5)), restored(10, AFTER)],
    "before it is created": [created(10), not_found((0.2, 0.8))],
    "a filtered list lacks it": [created(10), call("GET", "products/?in_stock=false", None, [], at=AFTER)],
    "the newest row of the ledger has the stock": [created(10), booked(5, 15, BEFORE), ledger(15, AFTER)],
    "a booking is refused": [
        created(1),
        refused(409, "stock_out_of_bounds", BEFORE, "POST", "products/1/stock/", {"delta": -2}),
    ],
}
WRONG = {
    "the last piece is sold twice": [created(1), ordered(1, BEFORE), ordered(1, AFTER, 2)],
    "or at once": [created(1), ordered(1, BEFORE), ordered(1, BEFORE, 2)],
    "an order is refused though there is enough": [created(10), order_refused(3, 2, AFTER)],
    "the refusal is no reason": [created(10), order_refused(3, 10, AFTER)],
    "a stale read": [created(10), booked(5, 15, BEFORE), read(10, AFTER)],
    "a read goes back": [created(10), booked(5, 15, (2, 9)), read(15, (3, 4)), read(10, AFTER)],
    "a list is ahead": [created(10), booked(5, 15, (2, 9)), listed(15, (3, 4)), read(10, (5, 6))],
    "a stale list": [created(10), booked(5, 15, BEFORE), listed(10, AFTER)],
    "a lost update": [created(10), updated({"quantity": 20}, bat(20), BEFORE), read(10, AFTER)],
    "a booking twice": [created(10), booked(5, 15, BEFORE), read(20, AFTER)],
    "an unanswered order twice": [created(10), order_lost(3, BEFORE), read(4, AFTER)],
    "a price from before": [created(9), updated({"price": 1}, bat(9, price="1.00"), BEFORE), ordered(1, AFTER)],
    "a new price too early": [created(9), ordered(1, BEFORE, price="1.00")],
    "an order of a deleted product": [created(10), deleted(BEFORE), ordered(1, AFTER)],
    "a deleted product is shown": [created(10), deleted(BEFORE), read(10, AFTER)],
    "an update of a deleted product": [
        created(10),
        deleted(BEFORE),
        updated({"quantity": 3}, bat(3), AFTER),
    ],
    "a booking of a deleted product": [created(10), deleted(BEFORE), booked(1, 11, AFTER)],
    "a 412 of a deleted product": [
        created(10),
        booked(1, 11, (1.1, 1.2)),
        deleted(BEFORE),
        refused(412, "precondition_failed", AFTER, **IF_MATCH),
    ],
    "too little of a deleted product": [
        created(1),
        deleted(BEFORE),
        refused(409, "stock_out_of_bounds", AFTER, "POST", "products/1/stock/", {"delta": -2}),
    ],
    "a booking with If-Match though it has changed": [
        created(10),
        booked(1, 11, BEFORE),
        booked(1, 12, AFTER, **IF_MATCH),
    ],
    "deleted twice": [created(10), deleted(BEFORE), deleted(AFTER)],
    "missing though it is there": [created(10), not_found(AFTER)],
    "restored with another stock": [created(10), deleted(BEFORE), restored(9, AFTER)],
    "If-Match succeeds though it has changed": [
        created(10),
        booked(1, 11, BEFORE),
        updated({"quantity": 3}, bat(3), AFTER, **IF_MATCH),
    ],
    "If-Match fails though nothing has changed": [
        created(10),
        refused(412, "precondition_failed", AFTER, **IF_MATCH),
    ],
    "a whole list lacks a product": [created(10), call("GET", "products/", None, [], at=AFTER)],
    "a stale ledger": [created(10), booked(5, 15, BEFORE), ledger(10, AFTER)],
    "a booking is refused though it fits": [
        created(2),
        refused(409, "stock_out_of_bounds", BEFORE, "POST", "products/1/stock/", {"delta": -2}),
    ],
    "not deleted though it is": [
        created(2),
        deleted(BEFORE),
        refused(409, "not_deleted", AFTER, "POST", "products/1/restore/"),
    ],
}


def test_a_product_that_no_client_created_is_not_checked():
    assert errors(read(10, BEFORE), read(9, AFTER)) == []


@pytest.mark.parametrize("records", RIGHT.values(), ids=RIGHT)
def test_right(records):
    assert errors(*records) == []


@pytest.mark.parametrize("records", WRONG.values(), ids=WRONG)
def test_wrong(records):
    [error] = errors(*records)

    assert error.startswith("No order of the calls explains the answer about product 1")


def test_a_record_that_was_refused_and_its_retry_are_the_same_call():
    key = {"Idempotency-Key": "1"}
    refusal = call(
        "POST", "orders/", lines(3), {"code": "token_not_valid"}, at=BEFORE, lost=[(1, 2)], status=401, **key
    )

    assert errors(created(3), refusal, ordered(3, AFTER, **key), read(0, (4, 5))) == []


def test_a_cancelled_order_gives_its_pieces_back():
    line = {"product": 1, "name": "Bat", "price": "1200.00", "quantity": 3, "returned": 0}
    order = {"id": 1, "customer": "anna", "status": "cancelled", "total": "3600.00", "items": [line]}
    cancelled = call("POST", "orders/1/cancel/", {}, order, at=(4, 5))

    assert errors(created(3), ordered(3, BEFORE), cancelled, read(3, AFTER)) == []
    assert errors(created(3), ordered(3, BEFORE), cancelled, read(0, AFTER))
    assert errors(created(3), ordered(3, BEFORE), cancelled, read(6, AFTER))
    assert errors(created(3), ordered(3, BEFORE), deleted((3.2, 3.4)), cancelled, restored(3, AFTER)) == []


def test_the_account_of_a_failure_is_readable():
    [error] = errors(created(10), booked(5, 15, BEFORE), read(10, AFTER))

    first, before, *_ = error.splitlines()
    assert "GET /api/products/1/ by client, 6.000 to 7.000 s: 200" in first
    assert "quantity=15" in before
