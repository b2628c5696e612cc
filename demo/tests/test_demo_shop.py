"""The shop made by `manage.py demo`, built once for all tests of this module."""

import re
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Max, Min

from accounts.models import User
from orders.models import Order, OrderEvent
from products.models import Product, StockMovement

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def printed(django_db_setup, django_db_blocker):
    """The output of the command."""
    out = StringIO()
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("demo", stdout=out)
        yield out.getvalue()
        transaction.set_rollback(True)


@pytest.fixture
def login(api, printed):
    """A function that returns a client logged in as one of the printed users with the printed password."""

    def login(username):
        password = re.search(r"^Password: +(\S+)$", printed, re.MULTILINE)[1]
        client = api()
        response = client.post("/api/login/", {"username": username, "password": password})
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
        return client

    return login


def names(printed, role):
    return re.search(rf"^{role}: +(.+)$", printed, re.MULTILINE)[1].split(", ")


def test_the_printed_admin_sees_all_orders(printed, login):
    [admin] = names(printed, "Admin")
    client = login(admin)

    assert client.get("/api/accounts/me/").json()["role"] == "admin"
    assert len(client.get("/api/orders/", {"page_size": 1000}).json()) == Order.objects.count()


def test_the_printed_customers_see_their_own_orders(printed, login):
    for name in names(printed, "Customers"):
        orders = login(name).get("/api/orders/").json()
        assert {order["customer"] for order in orders} == {name}


def test_the_pages_to_open_are_printed(printed):
    assert "/admin/" in printed
    assert "/api/docs/" in printed


def test_nobody_has_a_well_known_password(printed):
    assert User.objects.values("password").distinct().count() == 1
    assert re.search(r"^Password: +\S{12}$", printed, re.MULTILINE)


def test_there_are_orders_in_every_state():
    assert set(Order.objects.values_list("status", flat=True)) == set(Order.Status)
    assert Order.objects.exclude(note="").exists()


def test_the_ledger_matches_the_stock():
    call_command("verify_stock", stdout=StringIO())

    assert set(StockMovement.objects.values_list("note", flat=True)) == {"", "delivery", "damaged"}


def test_some_products_are_sold_out_and_some_nearly():
    assert Product.objects.filter(quantity=0).exists()
    assert Product.objects.filter(quantity__range=(1, 5)).count() > 3
    assert Product.objects.filter(quantity__gt=10).count() > 20


def test_the_times_of_an_order_match_its_events():
    for order in Order.objects.annotate(first=Min("events__created_at"), last=Max("events__created_at")):
        assert (order.created_at, order.updated_at) == (order.first, order.last)


def test_the_times_of_the_ledger_match_the_events():
    kinds = {"pending": "ordered", "cancelled": "cancelled", "returned": "returned"}
    events = OrderEvent.objects.filter(status__in=kinds).values_list("order", "status", "created_at")
    movements = StockMovement.objects.exclude(order=None).values_list("order", "kind", "created_at")

    assert set(movements) == {(order, kinds[status], at) for order, status, at in events}


@pytest.mark.parametrize(
    ("model", "field"),
    [(User, "date_joined"), (Order, "created_at"), (OrderEvent, "created_at"), (StockMovement, "created_at")],
)
def test_ids_follow_the_times(model, field):
    times = list(model.objects.order_by("id").values_list(field, flat=True))

    assert len(times) > 20
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_time_passes_between_the_steps_of_an_order():
    events = OrderEvent.objects.order_by("order", "id").values_list("order", "created_at")

    assert all(at < later for (order, at), (same, later) in pairwise(events) if order == same)


def test_nobody_orders_before_they_join():
    for order in Order.objects.select_related("customer"):
        assert order.customer.date_joined < order.created_at


def test_the_report_has_sales_and_bestsellers(printed, login):
    first, last = Order.objects.aggregate(first=Min("created_at"), last=Max("created_at")).values()
    period = {"from": first.date(), "to": last.date()}

    report = login(*names(printed, "Admin")).get("/api/reports/sales/", period).json()

    assert report["orders"] > 500
    assert sum(day["orders"] == 0 for day in report["by_day"]) < 3
    assert len(report["top_products"]) == 10
