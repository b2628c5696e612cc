import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from orders.models import Order
from orders.reports import sales
from orders.services import change_status, place_order
from products.models import Product

URL = "/admin/"


def charts(response):
    """Return the data that the page passes to Chart.js: revenue and orders."""
    return [json.loads(unescape(data)) for data in re.findall(r'data-value="(.*?)"', response.content.decode())]


def test_the_charts_show_revenue_and_orders_per_day(site, order):
    revenue, orders = charts(site.get(URL))

    assert revenue["datasets"][0]["data"] == [0] * 29 + [2400]
    assert orders["datasets"][0]["data"] == [0] * 29 + [1]
    assert orders["labels"][-1] == datetime.now(UTC).strftime("%d %b")


@pytest.mark.parametrize(("days", "shown"), [("7", 7), ("30", 30), ("90", 90), ("8", 30), ("", 30), ("x", 30)])
def test_the_charts_cover_a_week_a_month_or_a_quarter(site, order, days, shown):
    Order.objects.update(created_at=datetime.now(UTC) - timedelta(days=40))

    revenue, _ = charts(site.get(URL, {"days": days}))

    assert len(revenue["labels"]) == shown
    assert sum(revenue["datasets"][0]["data"]) == (2400 if shown == 90 else 0)


def test_a_cancelled_order_is_no_revenue_but_has_a_status(site, admin, order):
    change_status(order, "cancelled", by=admin)

    response = site.get(URL)

    assert response.context["report"]["orders"] == 0
    assert {"status": "cancelled", "orders": 1} in response.context["statuses"]
    assert [row["status"] for row in response.context["statuses"]] == list(Order.Status)


def test_the_dashboard_begins_with_what_waits(site, order, admin, ball):
    response = site.get(URL)
    assert response.context["waiting"] == [
        ("Pending orders", "1", "/admin/orders/order/?status__exact=pending"),
        ("Orders to ship", "0", "/admin/orders/order/?status__exact=confirmed"),
        ("Products low on stock", "1", "/admin/products/product/?stock=low"),
    ]
    page = response.content.decode()
    assert page.index("Orders to ship") < page.index("Revenue")

    change_status(order, "confirmed", by=admin)
    assert [count for _, count, _ in site.get(URL).context["waiting"]] == ["0", "1", "1"]


def test_what_waits_is_counted_up_to_a_limit(site, order, monkeypatch):
    monkeypatch.setattr("orders.dashboard.COUNT_MAX", 0)

    assert site.get(URL).context["waiting"][0][1] == "0+"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
def test_the_last_day_is_today_in_the_time_zone_of_the_shop(site, order, settings, zone):
    settings.SHOP_TIME_ZONE = zone

    response = site.get(URL)

    assert response.context["report"]["to"] == datetime.now(ZoneInfo(zone)).date()
    assert charts(response)[1]["datasets"][0]["data"] == [0] * 29 + [1]
    assert f"Day ({zone})" in response.content.decode()


@pytest.mark.parametrize(
    ("moments", "first", "by_day"),
    [
        # In Berlin, the clocks went forward at 01:00 UTC on March 29, 2026, and back at 01:00 UTC on October 25.
        (["2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", "2026-03-29T21:30:00Z"], date(2026, 3, 28), [1, 2, 0]),
        (["2026-03-29T21:30:00Z", "2026-03-29T22:30:00Z", "2026-03-30T22:30:00Z"], date(2026, 3, 28), [0, 1, 1]),
        (["2026-10-24T21:30:00Z", "2026-10-24T22:30:00Z", "2026-10-25T22:30:00Z"], date(2026, 10, 24), [1, 2, 0]),
        (["2026-10-25T22:30:00Z", "2026-10-25T23:30:00Z", "2026-10-26T23:30:00Z"], date(2026, 10, 24), [0, 1, 1]),
    ],
)
def test_days_of_23_or_25_hours_have_all_their_orders(customer, order, bat, moments, first, by_day):
    for _ in range(2):
        place_order(customer=customer, items=[{"product": bat.pk, "quantity": 1}])
    for pk, moment in zip(Order.objects.values_list("pk", flat=True), moments, strict=True):
        Order.objects.filter(pk=pk).update(created_at=moment)

    with timezone.override("Europe/Berlin"):
        report = sales(first, first + timedelta(days=2))

    assert [day["orders"] for day in report["by_day"]] == by_day
    assert report["orders"] == sum(by_day)


def test_each_chart_has_a_table(site, order):
    page = site.get(URL).content.decode()

    assert page.count("<canvas") == page.count("<details") == 2
    assert "<td" in page.partition("<details")[2]
    assert "2,400.00" in page


def test_products_that_run_low_are_linked(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(quantity=5)

    page = site.get(URL).content.decode()

    assert f"/admin/products/product/{ball.pk}/change/" in page
    assert f"/admin/products/product/{bat.pk}/change/" not in page


def test_the_dashboard_takes_a_fixed_number_of_statements(site, customer, order, django_assert_num_queries):
    # Session, user, what waits (three), two for the report, its products that still exist, statuses, low stock.
    with django_assert_num_queries(10):
        site.get(URL)


def test_a_customer_has_no_access(client, customer):
    client.force_login(customer)

    assert client.get(URL).status_code == 302


def test_links_lead_to_the_orders_counted_and_only_to_existing_products(site, order, bat):
    page = site.get(URL, {"days": 7}).content.decode()
    today = datetime.now(UTC).date()
    days = f"created_at_from={today - timedelta(days=6)}&amp;created_at_to={today}"
    assert f"status__exact=pending&amp;{days}" in page
    assert f"/admin/products/product/{bat.pk}/change/" in page

    Product.objects.all().remove()

    page = site.get(URL, {"days": 7}).content.decode()
    assert "Bat" in page
    assert f"/admin/products/product/{bat.pk}/change/" not in page
