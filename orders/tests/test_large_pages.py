"""A page of orders ends at `page_size` orders, or after the order that reaches 10,000 lines."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice

import pytest
from django.db import transaction

from accounts.models import User
from orders.models import Order, OrderLine
from orders.views import OrderList
from products.models import Product

URL = "/api/orders/"
LINES_MAX = 10_000
START = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _transaction(django_db_setup, django_db_blocker):
    """A transaction around this module, for rows that several tests read. A test's own changes are undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def customer(_transaction):
    return User.objects.create_user("carl")


@pytest.fixture(scope="module")
def products(_transaction):
    return Product.objects.bulk_create(Product(name="Ball", price=1, quantity=1) for _ in range(100))


def make_orders(customer, products, lines):
    """Create an order per number of lines; three in a row share their times and totals."""
    times = [START + timedelta(hours=number // 3) for number in range(len(lines))]
    orders = Order.objects.bulk_create(
        Order(customer=customer, total=Decimal(number // 3), created_at=time, updated_at=time)
        for number, time in enumerate(times)
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, name="Ball", price=1, quantity=1)
        for order, count in zip(orders, lines, strict=True)
        for product in products[:count]
    )
    return orders


@pytest.fixture(scope="module")
def all_of_many(customer, products):
    return make_orders(customer, products, list(islice(cycle([100, 100, 1, 99, 37]), 280)))


@pytest.fixture
def many(all_of_many):
    """280 orders of up to 100 lines, unchanged by the tests before."""
    assert set(Order.objects.values_list("pk", flat=True)) == {order.pk for order in all_of_many}
    return all_of_many


@pytest.fixture
def dora():
    """A customer without orders."""
    return User.objects.create_user("dora")


def pages(client, path, rel="next"):
    """Yield every page from this one on, then the path of the last one."""
    for _ in range(100):
        response = client.get(path)
        assert response.status_code == 200, response.content
        yield response.json()
        neighbour = re.search(rf'<http://testserver([^>]+)>; rel="{rel}"', response.headers.get("Link", ""))
        if neighbour is None:
            yield path
            return
        path = neighbour[1]


def lines_of(orders):
    return sum(len(order["items"]) for order in orders)


@pytest.mark.parametrize("ordering", OrderList.orderings)
@pytest.mark.parametrize("size", [101, 150, 1000])
def test_every_order_is_on_one_page_in_both_directions(api, admin, many, ordering, size):
    client = api(admin)
    *forth, last = pages(client, f"{URL}?page_size={size}&ordering={ordering}")
    *back, first = pages(client, last, "prev")

    found = [order["id"] for page in forth for order in page]
    assert len(found) == len(many)
    assert set(found) == {order.pk for order in many}
    assert [order["id"] for page in reversed(back) for order in page] == found
    for page in [*forth[:-1], *back[1:-1]]:
        assert len(page) == size or lines_of(page) >= LINES_MAX
    # Going backwards, the first order is the one that reaches the limit.
    for rest in [page[:-1] for page in forth] + [page[1:] for page in back[1:]]:
        assert len(rest) < size
        assert lines_of(rest) < LINES_MAX
    assert 'rel="prev"' not in client.get(first).headers["Link"]


def test_a_page_ends_after_the_order_that_reaches_the_limit(api, admin, many):
    response = api(admin).get(f"{URL}?page_size=1000&ordering=created_at")

    # Five orders have 337 lines.
    assert len(response.json()) == 149
    assert lines_of(response.json()) == 29 * 337 + 100 + 100 + 1 + 99
    assert 'rel="next"' in response["Link"]


def test_a_page_that_reaches_the_limit_with_the_last_order_has_no_next(api, admin, dora, products):
    make_orders(dora, products, [100] * 99 + [50, 50])

    response = api(admin).get(f"{URL}?page_size=1000&customer=dora")

    assert len(response.json()) == 101
    assert "Link" not in response.headers


def test_orders_without_lines_do_not_count(api, admin, dora, products):
    make_orders(dora, products, [0] * 300)

    assert len(api(admin).get(f"{URL}?page_size=1000&customer=dora").json()) == 300


@pytest.mark.parametrize("ordering", ["-created_at", "created_at"])
def test_new_orders_do_not_shift_the_pages(api, admin, customer, products, many, ordering):
    found = []
    for page in islice(pages(api(admin), f"{URL}?page_size=1000&ordering={ordering}"), 5):
        found += [order["id"] for order in page if isinstance(order, dict)]
        make_orders(customer, products, [100] * 20)

    assert {order.pk for order in many} <= set(found)
    assert len(found) == len(set(found))


def test_the_default_page_takes_no_extra_statement(api, admin, many, django_assert_num_queries):
    client = api(admin)
    for size, statements in ((100, 3), (101, 4), (1000, 4)):
        with django_assert_num_queries(statements):
            client.get(f"{URL}?page_size={size}")
