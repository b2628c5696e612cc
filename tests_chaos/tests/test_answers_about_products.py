"""What refusals, bulk bookings, previews and ETags say about a product."""

import pytest

from .product_calls import (
    AFTER,
    BEFORE,
    bat,
    booked,
    bulk,
    call,
    created,
    deleted,
    errors,
    lines,
    ordered,
    read,
    refused,
    tag_of,
    updated,
)


def test_a_bulk_is_refused_with_what_is_there():
    loss = {"product": 1, "delta": -5}
    refusal = {"code": "stock_out_of_bounds", "items": [{"product": 1, "requested": -5, "available": 4}]}

    assert errors(created(4), bulk(refusal, 409, BEFORE, loss)) == []
    assert errors(created(6), bulk(refusal, 409, BEFORE, loss))


def test_a_bulk_that_is_refused_for_others_would_have_fitted():
    loss, other = {"product": 1, "delta": -5}, {"product": 2, "delta": -5}
    refusal = {"code": "stock_out_of_bounds", "items": [{"product": 2, "requested": -5, "available": 4}]}

    assert errors(created(5), bulk(refusal, 409, BEFORE, loss, other)) == []
    assert errors(created(4), bulk(refusal, 409, BEFORE, loss, other))


def test_a_line_of_a_bulk_that_fits_is_not_refused():
    refusal = {"code": "stock_out_of_bounds", "items": [{"product": 1, "requested": -5, "available": 6}]}

    assert errors(created(6), bulk(refusal, 409, BEFORE, {"product": 1, "delta": -5}))


def test_a_refused_bulk_shows_the_stock_of_that_moment():
    count, loss = {"product": 1, "quantity": 9, "expected": 5}, {"product": 1, "delta": -5}
    other = {"code": "stock_differs", "items": [{"product": 1, "expected": 5, "available": 4}]}
    refusal = {"code": "stock_out_of_bounds", "items": [{"product": 1, "requested": -5, "available": 4}]}

    assert errors(created(4), bulk(other, 409, BEFORE, count)) == []
    assert errors(created(3), bulk(other, 409, BEFORE, count))
    assert errors(created(3), bulk(refusal, 409, BEFORE, loss))


def test_an_order_that_is_refused_for_others_had_enough_of_this():
    both = {"items": [{"product": 1, "quantity": 2}, {"product": 2, "quantity": 2}]}
    refusal = {"code": "out_of_stock", "items": [{"product": 2, "requested": 2, "available": 1}]}
    order = call("POST", "orders/", both, refusal, at=AFTER, status=409)

    assert errors(created(2), order) == []
    assert errors(created(1), order)


def test_a_count_is_made_only_if_the_stock_is_the_expected_one():
    count = {"product": 1, "quantity": 5, "expected": 4}

    assert errors(created(4), bulk([bat(5)], 200, BEFORE, count)) == []
    assert errors(created(3), bulk([bat(5)], 200, BEFORE, count))


def test_a_400_names_products_that_are_deleted():
    refusal = {"items": ["There is no product 1."]}
    order = call("POST", "orders/", lines(1), refusal, at=AFTER, status=400)

    preview = call("POST", "orders/preview/", lines(1), refusal, at=AFTER, status=400)
    booking = bulk({"changes": ["There is no product 1."]}, 400, AFTER, {"product": 1, "delta": 1})

    assert errors(created(3), deleted(BEFORE), order, preview, booking) == []
    for record in (order, preview, booking):
        assert errors(created(3), record)


@pytest.mark.parametrize(("method", "path"), [("PUT", "products/1/"), ("POST", "products/1/restore/")])
def test_a_change_that_finds_nothing(method, path):
    assert errors(created(3), refused(404, "not_found", AFTER, method, path))


def test_the_total_of_one_product_tells_its_price():
    refusal = {"code": "total_differs", "total": "2400.00"}
    order = call("POST", "orders/", lines(2), refusal, at=AFTER, status=409)

    assert errors(created(3), order) == []
    assert errors(created(3), updated({"price": 1}, bat(3, price="1.00"), BEFORE), order)


def test_a_preview_is_a_read():
    line = {"product": 1, "name": "Bat", "price": "1200.00", "quantity": 2}
    short = [{"product": 1, "requested": 2, "available": 1}]
    preview = call("POST", "orders/preview/", lines(2), {"items": [line], "short": short}, at=BEFORE)

    assert errors(created(1), preview) == []
    assert errors(created(2), preview)
    assert errors(created(1), updated({"price": 1}, bat(1, price="1.00"), (1.1, 1.2)), preview)


def test_not_modified_shows_what_the_etag_names():
    not_modified = call("GET", "products/1/", at=AFTER, status=304, **{"If-None-Match": tag_of(bat(10))})

    assert errors(created(10), not_modified) == []
    assert errors(created(10), booked(1, 11, BEFORE), not_modified)


def test_an_etag_names_one_state():
    other = read(9, AFTER)
    other.answer_headers["etag"] = tag_of(bat(10))

    assert any("names several states" in error for error in errors(created(10), other))


def test_a_retry_in_a_record_of_its_own_is_the_same_call():
    key = {"Idempotency-Key": "1"}
    first, replay = ordered(3, BEFORE, **key), ordered(3, AFTER, **key)

    assert errors(created(3), first, replay) == []
