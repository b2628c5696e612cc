"""Orders and steps that are lost, doubled or changed, or that nobody asked for."""

import copy

import pytest

from tests_chaos.checker import check

ORDERS, EVENTS = "orders/", "orders/events/"


def test_the_story_is_right(history):
    assert check(history) == []


def test_a_lost_order(history, final, found):
    del final(history, ORDERS)[1]

    assert found(history, "This acknowledged order is lost")


def test_an_order_that_exists_twice(history, final, found):
    final(history, ORDERS).append(final(history, ORDERS)[0] | {"id": 3})

    assert found(history, "This acknowledged order exists 2 times")


@pytest.mark.parametrize(
    ("name", "value"), [("customer", "anna"), ("total", "1.00"), ("note", "other"), ("created_at", "2026")]
)
def test_an_order_that_has_changed(history, final, found, name, value):
    final(history, ORDERS)[0][name] = value

    assert found(history, f"Order 2 has changed in {name}")


def test_lines_that_have_changed(history, final, found):
    final(history, ORDERS)[0]["items"][0]["price"] = "1.00"

    assert found(history, "Order 2 has changed in items")


def test_other_lines_than_the_request(history, record_of, found):
    record_of(history, "first").body["items"][0]["quantity"] = 1

    assert found(history, "The order's lines differ from the request")


def test_a_total_that_is_not_the_sum(history, record_of, final, found):
    for order in (record_of(history, "first").answer, final(history, ORDERS)[1]):
        order["total"] = "2649.99"

    assert found(history, "The order's total is wrong")


def test_another_total_than_the_expected_one(history, record_of, found):
    record_of(history, "first").body["expected_total"] = "2650.01"

    assert found(history, "The order's total is wrong")


@pytest.mark.parametrize(("name", "value"), [("customer", "anna"), ("status", "confirmed")])
def test_a_new_order_with_another_customer_or_status(history, record_of, found, name, value):
    record_of(history, "first").answer[name] = value

    assert found(history, "The new order has the wrong status or customer")


def test_orders_of_others_are_none_of_our_business(history, final):
    imported = {"id": 9, "customer": "nobody we know", "note": "imported", "status": "cancelled", "items": []}
    final(history, ORDERS).append(final(history, ORDERS)[0] | imported)
    final(history, EVENTS).append(final(history, EVENTS)[0] | {"id": 98, "order": 9})
    final(history, EVENTS).append(final(history, EVENTS)[0] | {"id": 99, "order": 9, "action": "cancel"})
    final(history, EVENTS)[-1]["status"] = "cancelled"

    assert check(history) == []


def test_a_retry_that_got_another_answer(story, found):
    body, key = {"items": [{"product": 1, "quantity": 1}], "note": "third"}, {"Idempotency-Key": "3"}
    _, replay = (story.call("POST", "orders/", body, **key) for _ in range(2))
    assert check(story.end()) == []

    replay.answer["id"] = 4
    assert found(story.history, "A retry got a different answer from 201")


def test_a_refused_order_that_exists(history, record_of, found):
    refused = record_of(history, "second")
    refused.status, refused.answer = 409, {"code": "out_of_stock", "items": []}

    assert found(history, "This order was refused but exists")


def test_an_unanswered_order_may_exist_once(history, record_of, final, found):
    lost = record_of(history, "second")
    lost.status, lost.attempts = None, [attempt._replace(status=None) for attempt in lost.attempts]
    assert check(history) == []

    final(history, ORDERS).append(final(history, ORDERS)[0] | {"id": 3})
    assert found(history, "This order was never answered and exists 2 times")


def test_an_order_that_nobody_placed(history, final, found):
    final(history, ORDERS).append(final(history, ORDERS)[0] | {"id": 3, "note": "phantom"})

    assert found(history, "Nobody placed order 3")


def test_a_lost_step(history, final, found):
    events = final(history, EVENTS)
    events[:] = [row for row in events if row["action"] != "ship"]

    assert found(history, "This acknowledged step exists 0 times")


def test_a_step_that_was_taken_twice(history, final, found):
    events = final(history, EVENTS)
    events.append(next(row for row in events if row["action"] == "return") | {"id": 99})

    assert found(history, "This acknowledged step exists 2 times")


def test_a_refused_step_that_was_taken(history, record_of, found):
    refused = record_of(history, "ship the first")
    refused.status, refused.answer = 409, {"code": "illegal_step"}

    assert found(history, "This step was refused but exists")


def test_a_step_that_nobody_took(history, final, found):
    events = final(history, EVENTS)
    events.append(copy.copy(events[-1]) | {"id": 99, "note": "phantom"})

    assert found(history, "Nobody took the step of event")


def test_a_step_in_the_name_of_another(history, final, found):
    next(row for row in final(history, EVENTS) if row["action"] == "ship")["by"] = "carl"

    assert found(history, "does not name its caller")


def test_a_forgotten_order_may_be_cancelled_by_the_server(story, final, found):
    story.call("POST", "orders/", {"items": [{"product": 1, "quantity": 1}], "note": "third"}, user="carl")
    story.shop.call("POST", "/api/orders/3/cancel/", {"note": ""}, {}, None, story.now)
    story.call("GET", "orders/3/", user="carl")
    story.call("GET", "products/1/", user="carl")
    history = story.end()
    assert check(history) == []

    history.records[-2].answer["status"] = "confirmed"
    assert found(history, "No order of the calls explains the answer about order 3")


def test_a_return_of_other_pieces(history, final, found):
    event = next(row for row in final(history, EVENTS) if row["action"] == "return")
    event["items"][0]["quantity"] = 2

    assert found(history, "Different pieces came back in the event")


def test_a_return_that_was_restocked_though_it_should_not(history, record_of, found):
    record_of(history, "too long").body["restock"] = False

    assert found(history, "does not record the return that the call asked for")


def test_an_order_without_its_first_event(history, final, found):
    del final(history, EVENTS)[0]

    assert found(history, "The events of order 1 do not begin with one `place`")
