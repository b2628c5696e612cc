"""The two feeds. Tests commit their rows, because a feed shows no rows of a running transaction."""

import re
import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from orders.models import Order, OrderEvent
from orders.services import change_status, place_order, return_items
from products.models import StockMovement
from products.services import adjust_stock, create_product, lock_product

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS, STOCK = "/api/orders/events/", "/api/products/stock/"
ON_POSTGRES = connection.vendor == "postgresql"
FEEDS = pytest.mark.parametrize("feed", [EVENTS, STOCK])


@pytest.fixture
def orders(customer, bat):
    """Five orders. The first one was confirmed last, which makes six events, and there are six rows in the ledger."""
    for quantity in (1, 1, 1, 1, 1):
        place_order(customer=customer, items=[{"product": bat.pk, "quantity": quantity}])
    change_status(Order.objects.earliest("id"), Order.Status.CONFIRMED, by=customer)
    return list(Order.objects.order_by("id"))


@transaction.atomic
def adjust(product, by, delta):
    adjust_stock(lock_product(product.pk), delta=delta, by=by)


def next_of(response):
    [(url, rel)] = re.findall(r'<http://testserver([^>]+)>; rel="(\w+)"', response["Link"])
    assert rel == "next"
    return url


def read(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json(), next_of(response)


def follow(client, url):
    """Return all rows from a URL on, and the URL of the rows that will follow."""
    rows, (page, url) = [], read(client, url)
    while page:
        rows += page
        page, url = read(client, url)
    return rows, url


def ids(rows):
    return [row["id"] for row in rows]


def test_the_events_of_all_orders_come_oldest_first(api, admin, orders):
    rows, _ = read(api(admin), EVENTS)

    assert [(row["order"], row["status"]) for row in rows] == [
        *((order.pk, "pending") for order in orders),
        (orders[0].pk, "confirmed"),
    ]
    assert list(rows[0]) == ["id", "order", "status", "by", "note", "created_at", "action", "items"]
    assert ids(rows) == sorted(ids(rows))


def test_each_return_has_its_items(api, admin, orders, bat):
    Order.objects.update(status="delivered")
    for order in orders[:2]:
        return_items(order, by=admin, restock=False)

    rows, _ = read(api(admin), EVENTS)

    assert [(row["order"], row["action"]) for row in rows[-2:]] == [(order.pk, "return") for order in orders[:2]]
    items = [{"product": bat.pk, "quantity": 1, "restock": False}]
    assert [row["items"] for row in rows] == [*[None] * 6, items, items]


def test_the_rows_of_the_ledger_come_oldest_first(api, admin, orders, bat):
    rows, _ = read(api(admin), STOCK)

    assert [row["balance"] for row in rows] == [10, 9, 8, 7, 6, 5]
    fields = ["id", "product", "kind", "delta", "balance", "order", "by", "note", "created_at"]
    assert list(rows[1]) == fields
    assert [rows[1][name] for name in fields[1:-1]] == [bat.pk, "ordered", -1, 9, orders[0].pk, "carl", ""]


@FEEDS
@pytest.mark.parametrize("size", [1, 2, 6, 7])
def test_the_pages_add_up_to_the_whole_feed(api, admin, orders, feed, size):
    rows, _ = follow(api(admin), f"{feed}?page_size={size}")

    assert rows == read(api(admin), feed)[0]
    assert len(rows) == 6


@FEEDS
def test_the_last_page_leads_to_what_comes_next(api, admin, bat, orders, feed):
    client = api(admin)
    _, url = follow(client, feed)
    assert read(client, url) == ([], url)

    place_order(customer=admin, items=[{"product": bat.pk, "quantity": 2}])

    rows, url = read(client, url)
    assert len(rows) == 1
    assert read(client, url) == ([], url)


@FEEDS
def test_an_empty_feed_leads_to_its_first_row(api, admin, feed):
    client = api(admin)
    (rows, url), (latest, latest_url) = read(client, feed), read(client, f"{feed}?start=latest")
    assert rows == latest == []

    place_order(
        customer=admin, items=[{"product": create_product(name="A", price=1, quantity=1, by=admin).pk, "quantity": 1}]
    )

    assert len(read(client, url)[0]) > 0
    assert read(client, latest_url)[0] == read(client, url)[0]


@FEEDS
def test_start_latest_begins_at_the_end(api, admin, bat, orders, feed):
    client = api(admin)
    rows, url = read(client, f"{feed}?start=latest&page_size=3")
    assert rows == []
    assert "start" not in url
    assert "page_size=3" in url

    place_order(customer=admin, items=[{"product": bat.pk, "quantity": 1}])

    assert ids(read(client, url)[0]) == ids(read(client, feed)[0])[-1:]


@FEEDS
@pytest.mark.parametrize("query", ["start=first", "start=", "page_size=0", "cursor=", "cursor=x", "cursor=WyJ4Il0:a"])
def test_a_malformed_parameter_is_refused(api, admin, feed, query):
    response = api(admin).get(f"{feed}?{query}")

    assert response.status_code == 400
    assert list(response.json()) == [query.partition("=")[0]]


def test_a_cursor_of_another_feed_or_list_is_refused(api, admin, orders):
    client = api(admin)
    for one, other in ((EVENTS, STOCK), (STOCK, EVENTS), ("/api/orders/?page_size=1", EVENTS)):
        url = next_of(client.get(one))
        cursor = re.search("cursor=[^&]+", url)[0]
        assert client.get(f"{other}?{cursor}").json() == {
            "cursor": ["Invalid cursor for this feed, or the database has been restored. Start again without it."]
        }


@FEEDS
def test_ordering_is_ignored(api, admin, orders, feed):
    assert read(api(admin), f"{feed}?ordering=-id")[0] == read(api(admin), feed)[0]


@FEEDS
def test_an_unchanged_page_is_a_304(api, admin, orders, feed):
    client = api(admin)
    _, url = follow(client, feed)
    response = client.get(url)

    again = client.get(url, headers={"If-None-Match": response["ETag"]})

    assert response["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")


@FEEDS
def test_a_page_takes_three_statements(api, admin, orders, feed, django_assert_num_queries):
    client = api(admin)
    _, url = read(client, f"{feed}?page_size=3")

    with django_assert_num_queries(3):  # the user, the epoch, the rows
        assert len(read(client, url)[0]) == 3


@FEEDS
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_the_rows_of_a_feed_cannot_be_changed(api, admin, feed, method):
    response = getattr(api(admin), method)(feed, {})

    assert response.status_code == 405
    # A POST to the ledger changes the stock of several products.
    assert response["Allow"] == {EVENTS: "GET, HEAD, OPTIONS", STOCK: "GET, POST, HEAD, OPTIONS"}[feed]


@FEEDS
def test_restarted_feeds_refuse_earlier_cursors(api, admin, bat, orders, feed):
    client = api(admin)
    rows, url = read(client, f"{feed}?page_size=4")

    call_command("restart_feeds")

    assert list(client.get(url).json()) == ["cursor"]
    assert not StockMovement.objects.exclude(position=0).exists()
    assert not OrderEvent.objects.exclude(position=0).exists()
    place_order(customer=admin, items=[{"product": bat.pk, "quantity": 1}])
    again, _ = follow(client, f"{feed}?page_size=2")
    assert again[:4] == rows
    assert len(again) == 7


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has no positions")
def test_rows_older_than_positions_come_first(api, admin, bat, orders):
    OrderEvent.objects.filter(order=orders[0]).update(position=0)
    OrderEvent.objects.create(order=orders[1], status="confirmed", by=admin)

    rows, _ = follow(api(admin), f"{EVENTS}?page_size=2")

    assert [row["order"] for row in rows] == [order.pk for order in [orders[0], orders[0], *orders[1:], orders[1]]]


@FEEDS
def test_the_pages_of_one_transaction_add_up(api, admin, bat, feed):
    with transaction.atomic():
        for quantity in (1, 2, 3):
            place_order(customer=admin, items=[{"product": bat.pk, "quantity": quantity}])
    client = api(admin)

    rows, _ = follow(client, f"{feed}?page_size=2")

    assert rows == read(client, feed)[0]
    assert len(rows) >= 3


def in_another_transaction(function, *args):
    def run():
        try:
            function(*args)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer")
def test_rows_of_one_product_come_in_the_order_of_its_ledger(api, admin, bat):
    adjust(bat, admin, 5)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        # A transaction with a higher id gets the product first.
        in_another_transaction(adjust, bat, admin, 7)
        adjust(bat, admin, 11)

    rows, _ = follow(api(admin), f"{STOCK}?page_size=1")

    assert [row["balance"] for row in rows] == [10, 15, 22, 33]


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer")
def test_rows_are_held_back_while_others_may_be_committed_before_them(api, admin, bat, ball):
    client = api(admin)
    _, url = follow(client, STOCK)
    with transaction.atomic():
        adjust(bat, admin, 5)
        in_another_transaction(adjust, ball, admin, 7)
        assert read(client, url) == ([], url)
        assert read(client, f"{STOCK}?start=latest")[1] == url

    assert [row["delta"] for row in read(client, url)[0]] == [5, 7]
