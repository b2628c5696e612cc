"""Followers that miss a row, get it twice or in another order, and feeds that contradict the orders."""

import pytest

EVENTS, LEDGER = "orders/events/", "products/stock/"


def pages_of(history, client):
    return [record for record in history.records if record.client == client]


def test_a_hole(history, found):
    del pages_of(history, "follower1")[1].answer[0]

    assert found(history, "where the whole feed has")


@pytest.mark.parametrize("client", ["follower1", "follower2"])
def test_a_row_twice(history, found, client):
    rows = pages_of(history, client)[1].answer
    rows.append(rows[-1])

    assert found(history, f"{client} has row {rows[-1]['id']} 2 times")


@pytest.mark.parametrize("client", ["follower1", "follower2"])
def test_rows_in_another_order(history, found, client):
    pages_of(history, client)[1].answer.reverse()

    assert found(history, f"{client} read")


def test_a_row_that_is_another_one_later(history, found):
    pages_of(history, "follower2")[1].answer[0]["delta"] += 1

    assert found(history, "follower2 read")


def test_a_follower_that_begins_at_the_end_misses_no_later_change(history, found):
    del pages_of(history, "follower2")[1].answer[0]

    assert found(history, "follower2 read")


LATER = {
    "an order": ("products/stock/", "orders/", {"items": [{"product": 1, "quantity": 1}], "note": "third"}),
    "its event": ("orders/events/", "orders/", {"items": [{"product": 1, "quantity": 1}], "note": "third"}),
    "a step": ("orders/events/", "orders/1/return/", {"note": "third"}),
    "a booking": ("products/stock/", "products/1/stock/", {"delta": 1, "note": "third"}),
}


@pytest.mark.parametrize(("feed", "path", "body"), LATER.values(), ids=LATER)
def test_a_follower_that_begins_at_the_end_misses_none_of_these(story, found, feed, path, body):
    story.follow("follower3", f"{feed}?page_size=9&start=latest")
    story.call("POST", path, body)
    story.call("POST", "orders/", {"items": [{"product": 1, "quantity": 1}], "note": "fourth"})
    page = story.follow("follower3", "")
    assert not found(story.end(), "follower3 read")

    del page.answer[0]
    assert found(story.history, "follower3 read")


def test_a_follower_that_begins_at_the_end_may_be_late(history, found):
    first, second, *_ = pages_of(history, "follower2")
    first.answer = second.answer = []
    del history.records[-1]

    assert not found(history, "follower2 read None")


def test_a_cursor_that_is_refused(history, found):
    page = pages_of(history, "follower1")[1]
    page.status, page.answer = 400, {"cursor": ["Invalid cursor."]}

    assert found(history, "The cursor of follower1 was refused")


def test_a_page_without_a_next_one(history, found):
    pages_of(history, "follower1")[1].answer_headers = {}

    assert found(history, "A page of follower1 has no link to the next one")


def test_a_whole_feed_with_a_row_twice(history, final, found):
    final(history, EVENTS).append(final(history, EVENTS)[-1])

    assert found(history, "The whole feed GET /api/orders/events/ has row")


def test_events_in_an_order_that_is_illegal(history, final, found):
    final(history, EVENTS).reverse()

    assert found(history, "Order 1 has an illegal return from None to delivered")


def test_an_event_that_the_order_does_not_know(history, final, found):
    final(history, "orders/")[1]["status"] = "returned"

    assert found(history, "Order 1 is returned, but its last event is")


def test_pieces_that_came_back_without_an_event(history, final, found):
    final(history, "orders/")[1]["items"][1]["returned"] = 1

    assert found(history, "Order 1 says that {1: 1, 2: 1} came back, but its events say {1: 1}")


def own_events(story):
    """Return the record of reading the events of order 1."""
    page = story.call("GET", "orders/events/?page_size=99")
    page.path, page.answer_headers = "/api/orders/1/events/", {}
    page.answer = [row for row in page.answer if row["order"] == 1]
    for row in page.answer:
        del row["id"], row["order"]
    return page


def test_an_event_that_disappears(story, found):
    page = own_events(story)
    assert not found(story.end(), "does not have the row")

    page.answer[-1]["note"] = "phantom"
    assert found(story.history, "The final feed does not have the row")


def test_an_event_that_is_not_yet_shown(story, found):
    page = own_events(story)
    assert not found(story.end(), "had been acknowledged before")

    page.answer.pop()
    assert found(story.history, "5 steps had been acknowledged before this list was read")


def test_a_row_of_a_ledger_that_disappears(story, found):
    page = story.call("GET", "products/stock/?page_size=99")
    page.path, page.answer_headers = "/api/products/1/stock/?kind=ordered", {}
    page.answer = [row for row in page.answer if row["kind"] == "ordered" and row["product"] == 1]
    for row in page.answer:
        del row["product"]
    assert not found(story.end(), "does not have the row")

    page.answer[-1]["delta"] = -9
    assert found(story.history, "The final feed does not have the row")


def test_events_that_differ_in_the_own_list_of_an_order(story, found):
    own = [dict(row) for row in story.shop.events if row["order"] == 2]
    page = story.once("GET", "orders/events/?page_size=9")
    page.path, page.answer = "/api/orders/2/events/", own
    for row in own:
        del row["id"], row["order"]
    history = story.end()
    history.final.append(page)
    assert not found(history, "The events of order 2 are")

    own.pop()
    assert found(history, "The events of order 2 are")
