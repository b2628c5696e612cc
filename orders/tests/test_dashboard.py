import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from orders.models import Order
from orders.services import change_status
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


def test_each_chart_has_a_table(site, order):
    page = site.get(URL).content.decode()

    assert page.count("<canvas") == page.count("<details") == 2
    assert "<td" in page.partition("<details")[2]
    assert "2400.00" in page


def test_products_that_run_low_are_linked(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(quantity=5)

    page = site.get(URL).content.decode()

    assert f"/admin/products/product/{ball.pk}/change/" in page
    assert f"/admin/products/product/{bat.pk}/change/" not in page


def test_the_dashboard_takes_a_fixed_number_of_statements(site, customer, order, django_assert_num_queries):
    # Session, user, two for the report, its products that still exist, statuses, low stock.
    with django_assert_num_queries(7):
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
