from datetime import UTC, datetime

import pytest

from orders.models import Order
from orders.services import change_status, place_order

URL = "/api/reports/sales/"


@pytest.fixture
def sell(customer):
    def sell(day, *pairs, status="pending"):
        items = [{"product": product.pk, "quantity": quantity} for product, quantity in pairs]
        place_order(customer=customer, items=items)
        order = Order.objects.latest("id")
        Order.objects.filter(pk=order.pk).update(
            created_at=datetime.fromisoformat(day).replace(tzinfo=UTC), status=status
        )

    return sell


def report(client, first, last):
    response = client.get(URL, {"from": first, "to": last})
    assert response.status_code == 200, response.content
    return response.json()


def test_the_documented_call(api, admin, bat, ball, sell):
    sell("2026-11-01T00:00:00", (bat, 2))
    sell("2026-11-03T23:59:59.999999", (bat, 1), (ball, 2), status="delivered")
    for outside in ("2026-10-31T23:59:59.999999", "2026-11-04T00:00:00"):
        sell(outside, (bat, 1))
    for undone in ("cancelled", "returned"):
        sell("2026-11-02T12:00:00", (bat, 1), status=undone)

    assert list(report(api(admin), "2026-11-01", "2026-11-03").items()) == [
        ("from", "2026-11-01"),
        ("to", "2026-11-03"),
        ("orders", 2),
        ("revenue", "3700.00"),
        (
            "by_day",
            [
                {"date": "2026-11-01", "orders": 1, "revenue": "2400.00"},
                {"date": "2026-11-02", "orders": 0, "revenue": "0.00"},
                {"date": "2026-11-03", "orders": 1, "revenue": "1300.00"},
            ],
        ),
        (
            "top_products",
            [
                {"product": bat.pk, "name": "Bat", "quantity": 3, "revenue": "3600.00"},
                {"product": ball.pk, "name": "Ball", "quantity": 2, "revenue": "100.00"},
            ],
        ),
    ]


def test_a_report_without_sales_lists_every_day(api, admin):
    found = report(api(admin), "2024-02-28", "2024-03-01")

    assert [day["date"] for day in found["by_day"]] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert (found["orders"], found["revenue"], found["top_products"]) == (0, "0.00", [])


def test_sums_are_exact(api, admin, ball, sell):
    ball.update(price="0.10", quantity=10**6)
    for _ in range(30):
        sell("2026-11-01", (ball, 1))
    ball.update(price="99999.99")
    sell("2026-11-01", (ball, 100_000))

    found = report(api(admin), "2026-11-01", "2026-11-01")

    assert found["revenue"] == found["top_products"][0]["revenue"] == "9999999003.00"


@pytest.mark.parametrize(
    "query",
    [
        *["", "from=2026-11-01", "to=2026-11-01", "from=&to=", "from=x&to=2026-11-01", "from=2026-02-30&to=2026-03-01"],
        *["from=2026-11-02&to=2026-11-01", "from=2025-01-01&to=2026-01-02", "from=2026-11-01T00:00:00Z&to=2026-11-01"],
        *[
            "from=%00&to=2026-11-01",
            "from=0001-01-01&to=9999-12-31",
            "from=20261101&to=20261102",
            "from=2026-W45-1&to=2026-W45-2",
        ],
    ],
)
def test_a_malformed_period_is_refused(api, admin, query):
    response = api(admin).get(f"{URL}?{query}")

    assert response.status_code == 400
    assert set(response.json()) <= {"from", "to"}


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [("2024-01-01", "2024-12-31", 366), ("0001-01-01", "0001-01-01", 1), ("9999-12-31", "9999-12-31", 1)],
)
def test_the_bounds_are_allowed(api, admin, first, last, days):
    assert len(report(api(admin), first, last)["by_day"]) == days


def test_the_top_products_are_at_most_ten_in_a_stable_order(api, admin, bat, sell):
    from products.services import create_product

    products = [create_product(name=f"p{n}", price=10, quantity=100, by=admin) for n in range(12)]
    for product in reversed(products):
        sell("2026-11-01", (product, 1))
    sell("2026-11-01", (products[11], 1))

    top = report(api(admin), "2026-11-01", "2026-11-01")["top_products"]

    assert [row["name"] for row in top] == ["p11", *[f"p{n}" for n in range(9)]]


def test_a_report_takes_three_statements(api, admin, django_assert_num_queries):
    client = api(admin)
    with django_assert_num_queries(3):  # the user, the days, the products
        report(client, "2026-01-01", "2026-12-31")


def test_a_cancelled_order_leaves_the_report(api, admin, bat, sell):
    sell("2026-11-01", (bat, 1))
    change_status(Order.objects.get(), "cancelled", by=admin)

    assert report(api(admin), "2026-11-01", "2026-11-01")["orders"] == 0
