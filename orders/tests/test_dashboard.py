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
    """Return the charts of the page as Chart.js gets them: revenue, orders."""
    return [json.loads(unescape(data)) for data in re.findall(r'data-value="(.*?)"', response.content.decode())]


def test_it_shows_revenue_and_orders_of_each_day(site, order):
    revenue, orders = charts(site.get(URL))

    assert revenue["datasets"][0]["data"] == [0] * 29 + [2400]
    assert orders["datasets"][0]["data"] == [0] * 29 + [1]
    assert orders["labels"][-1] == datetime.now(UTC).strftime("%d %b")


@pytest.mark.parametrize(("days", "shown"), [("7", 7), ("30", 30), ("90", 90), ("8", 30), ("", 30), ("x", 30)])
def test_it_shows_a_week_a_month_or_a_quarter(site, order, days, shown):
    Order.objects.update(created_at=datetime.now(UTC) - timedelta(days=40))

    revenue, _ = charts(site.get(URL, {"days": days}))

    assert len(revenue["labels"]) == shown
    assert sum(revenue["datasets"][0]["data"]) == (2400 if shown == 90 else 0)


def test_what_came_back_is_no_revenue_but_has_a_status(site, admin, order):
    change_status(order, "cancelled", by=admin)

    response = site.get(URL)

    assert response.context["report"]["orders"] == 0
    assert {"status": "cancelled", "orders": 1} in response.context["statuses"]
    assert [row["status"] for row in response.context["statuses"]] == list(Order.Status)


def test_each_chart_has_a_table_behind_it(site, order):
    page = site.get(URL).content.decode()

    assert page.count("<canvas") == page.count("<details") == 2
    assert "<td" in page.partition("<details")[2]
    assert "2400.00" in page


def test_it_leads_to_what_runs_out(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(quantity=5)

    page = site.get(URL).content.decode()

    assert f"/admin/products/product/{ball.pk}/change/" in page
    assert f"/admin/products/product/{bat.pk}/change/" not in page


def test_it_takes_as_many_statements_however_much_was_sold(site, customer, order, django_assert_num_queries):
    # Session, user, the report's two, which of its products are there, the statuses, low stock.
    with django_assert_num_queries(7):
        site.get(URL)


def test_a_customer_sees_nothing(client, customer):
    client.force_login(customer)

    assert client.get(URL).status_code == 302


def test_its_links_lead_to_the_same_orders_and_to_products_that_are_there(site, order, bat):
    page = site.get(URL, {"days": 7}).content.decode()
    today = datetime.now(UTC).date()
    days = f"created_at_from={today - timedelta(days=6)}&amp;created_at_to={today}"
    assert f"status__exact=pending&amp;{days}" in page
    assert f"/admin/products/product/{bat.pk}/change/" in page

    Product.objects.all().remove()

    page = site.get(URL, {"days": 7}).content.decode()
    assert "Bat" in page
    assert f"/admin/products/product/{bat.pk}/change/" not in page
