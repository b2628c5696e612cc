import csv
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from orders.admin import search as order_search
from orders.models import Order
from orders.services import change_status, place_order, return_items
from products.models import Product
from products.services import change_product, create_product, delete_product

LIST = "/admin/orders/order/"


def act(site, action, *orders):
    body = {"action": action, "_selected_action": [order.pk for order in orders]}
    return site.post(LIST, body, follow=True).content.decode()


def take_step(site, step, order, note=""):
    form = {"_form_submitted": "True", "note": note}
    return site.post(f"{LIST}{order.pk}/{step}/", form, follow=True).content.decode()


def text_of(response):
    """Return the text of a page, with single spaces."""
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def placed_at(order):
    return date_format(timezone.localtime(order.created_at), "DATETIME_FORMAT")


def buttons(site, order):
    page = site.get(f"{LIST}{order.pk}/change/").content.decode()
    return [step for step in Order.ACTIONS if f'href="{LIST}{order.pk}/{step}/"' in page]


def test_the_buttons_are_the_allowed_steps(site, order):
    assert buttons(site, order) == ["confirm", "cancel"]
    assert f"Order {order.pk} is confirmed." in take_step(site, "confirm", order, note="paid")
    assert buttons(site, order) == ["ship", "cancel"]
    take_step(site, "ship", order)
    assert buttons(site, order) == ["deliver"]
    take_step(site, "deliver", order)
    assert buttons(site, order) == ["return"]
    site.post(f"{LIST}{order.pk}/return/", {"_form_submitted": "True", f"line-{order.lines.get().pk}": "2"})
    assert buttons(site, order) == []
    assert Product.objects.get().quantity == 10
    assert [event.note for event in order.events.all()] == ["", "paid", "", "", ""]


def test_a_step_asks_for_confirmation(site, order):
    dialog = site.get(f"{LIST}{order.pk}/cancel/", headers={"HX-Request": "true"}).content.decode()

    assert "Cancel this order?" in dialog
    assert "<html" not in dialog
    assert "Its goods go back into stock." in dialog
    assert re.findall(r"<button.*?>\s*([\w ]+?)\s*</button>", dialog) == ["Keep it"]
    assert "Cancel order</span>" in dialog
    assert Order.objects.get().status == "pending"


def test_without_htmx_a_dialog_is_a_page(site, order):
    page = site.get(f"{LIST}{order.pk}/cancel/").content.decode()

    assert "<title> Cancel this order? | Order Management</title>" in page
    assert re.findall(r'<a href="../change/".*?>\s*([\w ]+?)\s*</a>', page, re.DOTALL) == ["Keep it"]
    assert site.get(f"{LIST}0/cancel/").status_code == 404


def test_a_step_that_is_not_allowed_changes_nothing(site, order):
    assert f"Order {order.pk}: The order is pending and cannot become shipped." in take_step(site, "ship", order)
    assert Order.objects.get().status == "pending"


def test_a_step_whose_stock_does_not_fit_changes_nothing(site, order):
    Product.objects.update(quantity=2147483647)

    assert f"Order {order.pk}: The stock must stay between 0 and 2147483647." in take_step(site, "cancel", order)
    assert Order.objects.get().status == "pending"
    assert order.events.count() == 1


@pytest.mark.parametrize("order_id", ["999", "abc", "9" * 30])
def test_a_step_of_an_unknown_order_is_a_404(site, order_id):
    assert site.post(f"{LIST}{order_id}/ship/", {"_form_submitted": "True"}).status_code == 404


def test_an_action_takes_a_step_for_the_selected_orders(site, customer, bat):
    orders = [place(customer, bat, 1) for _ in range(3)]

    assert "1 order is confirmed." in act(site, "confirm", orders[0])
    page = act(site, "confirm", *orders)
    assert "2 orders are confirmed." in page
    assert (
        f"1 order could not be confirmed. Order {orders[0].pk}: The order is confirmed and cannot become confirmed."
    ) in page
    assert "3 orders are shipped." in act(site, "ship", *orders)


def test_an_action_names_the_first_five_orders_that_it_could_not_change(site, customer, bat):
    orders = [place(customer, bat, 1) for _ in range(8)]

    page = act(site, "deliver", *orders)

    assert "8 orders could not be delivered." in page
    assert page.count("The order is pending and cannot become delivered.") == 5
    assert "And 3 more." in page
    assert "are delivered" not in page


def test_an_action_takes_four_statements_for_each_order(site, customer, bat):
    few, many = ([place(customer, bat, 1) for _ in range(count)] for count in (1, 5))

    def statements(orders):
        body = {"action": "confirm", "_selected_action": [order.pk for order in orders]}
        with CaptureQueriesContext(connection) as queries:
            assert site.post(LIST, body).status_code == 302
        return len(queries)

    # A savepoint around the change and the event.
    assert statements(many) - statements(few) == 4 * 4


@pytest.mark.parametrize("path", ["", "{}/change/", "{}/confirm/", "export/"])
def test_a_customer_has_no_access(client, order, path):
    client.force_login(order.customer)

    assert client.get(LIST + path.format(order.pk)).status_code == 302


def test_an_order_shows_its_customer_and_its_events(site, admin, order):
    User.objects.filter(pk=order.customer_id).update(first_name="Carl", last_name="Rao", email="carl@shop.example")
    change_status(order, "confirmed", by=admin, note="paid")
    order.refresh_from_db()
    change_status(order, "cancelled", by=None)

    page = text_of(site.get(f"{LIST}{order.pk}/change/"))

    assert "Carl Rao (carl) carl@shop.example" in page
    assert f"Placed by Carl Rao {placed_at(order)} Confirmed by anna" in page
    assert "paid Cancelled automatically" in page


def test_the_timeline_says_what_came_back(site, admin, order, bat):
    for status in ("confirmed", "shipped", "delivered"):
        order.refresh_from_db()
        change_status(order, status, by=admin)
    for restock in (True, False):
        return_items(order, by=admin, items=[{"product": bat.pk, "quantity": 1}], restock=restock)

    page = text_of(site.get(f"{LIST}{order.pk}/change/"))

    assert re.search(
        r"Returned in part by anna [^_]*? 1 x Bat Returned by anna [^_]*? 1 x Bat \(not back in stock\)", page
    )


def test_an_order_links_to_its_customer_products_and_movements(site, order, bat):
    page = site.get(f"{LIST}{order.pk}/change/").content.decode()

    assert f'href="/admin/accounts/user/{order.customer_id}/change/"' in page
    assert f'href="/admin/products/product/{bat.pk}/change/">Bat</a>' in page
    [movements] = re.findall(r'href="(/admin/products/stockmovement/\?[^"]*)"', page)
    assert "-2" in text_of(site.get(movements))


def test_an_order_names_a_deleted_product(site, admin, order, bat):
    delete_product(bat, by=admin)

    page = site.get(f"{LIST}{order.pk}/change/").content.decode()

    assert "Bat (deleted)" in re.sub("<[^>]*>", "", page)
    for link in re.findall(r'href="(/admin/products/product/[0-9]+/change/)"', page):
        assert site.get(link).status_code == 200


def test_the_history_of_an_order_is_its_timeline(site, admin, order):
    change_status(order, "confirmed", by=admin)

    page = text_of(site.get(f"{LIST}{order.pk}/history/"))

    assert "Placed by carl" in page
    assert "Confirmed by anna" in page
    assert "change history" not in page
    assert "/history/" not in site.get(f"{LIST}{order.pk}/change/").content.decode()


def test_an_order_shows_its_lines_and_events(site, order):
    page = site.get(f"{LIST}{order.pk}/change/").content.decode()

    assert "Bat" in page
    assert "2,400.00" in page
    assert "Pending" in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("path", ["add/", "{}/delete/"])
def test_an_order_cannot_be_added_or_deleted(site, order, path):
    assert site.post(LIST + path.format(order.pk), {"post": "yes"}).status_code == 403
    act(site, "delete_selected", order)
    assert Order.objects.exists()


def test_an_order_cannot_be_edited(site, order):
    assert site.post(f"{LIST}{order.pk}/change/", {"status": "delivered"}).status_code == 403
    assert Order.objects.get().status == "pending"


@pytest.mark.parametrize("query", ["", "?status__exact=pending", "?q=carl", "?q={}", "?created_at_to=junk"])
def test_the_list_searches_and_filters(site, order, query):
    assert "carl" in site.get(LIST + query.format(order.pk)).content.decode()


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("created_at_from={today}", True),
        ("created_at_to={today}", True),
        ("created_at_from={tomorrow}", False),
        ("created_at_to={yesterday}", False),
        ("customer__id__exact={customer}", True),
        ("customer__id__exact={admin}", False),
        ("status__exact=shipped", False),
    ],
)
def test_the_list_filters_by_day_customer_and_status(site, admin, order, query, listed):
    today = order.created_at.date()
    days = {"today": today, "tomorrow": today + timedelta(days=1), "yesterday": today - timedelta(days=1)}

    page = site.get(f"{LIST}?{query.format(customer=order.customer_id, admin=admin.pk, **days)}").content.decode()

    assert (f"{LIST}{order.pk}/change/" in page) is listed


@pytest.fixture
def three_orders(admin, customer, bat, ball):
    """An order of bats by Carl Mehta with a note, one of balls by Carl, and one of bats by the admin."""
    User.objects.filter(pk=customer.pk).update(first_name="Arjun", last_name="Mehta", email="mehta@shop.example")
    orders = [place(customer, bat, 1), place(customer, ball, 1), place(admin, bat, 1)]
    Order.objects.filter(pk=orders[0].pk).update(note="Ring twice at the gate")
    return orders


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("#{first}", [0]),
        (" {first} ", [0]),
        ("#{first}0", []),
        ("Arjun Mehta", [0, 1]),
        ("mehta arjun", [0, 1]),
        ("carl", [0, 1]),
        ("mehta@shop.example", [0, 1]),
        ("Ball", [1]),
        ("bat", [0, 2]),
        ("ring GATE", [0]),
        ('"twice at"', [0]),
        ('"at twice"', []),
        ("#", []),
        ("#abc", []),
        ("99999999999999999999", []),
    ],
)
def test_the_search_finds_numbers_customers_products_and_notes(site, three_orders, search, found):
    page = site.get(LIST, {"q": search.format(first=three_orders[0].pk)}).content.decode()

    listed = {int(pk) for pk in re.findall(rf'href="{LIST}([0-9]+)/change/', page)}
    assert listed == {three_orders[index].pk for index in found}


def test_the_search_finds_deleted_and_renamed_products(site, admin, three_orders, bat, ball):
    change_product(ball, name="Sphere", by=admin)
    delete_product(bat, by=admin)

    for search, count in {"ball": 1, "sphere": 1, "bat": 2}.items():
        assert f"Export {count} order" in site.get(LIST, {"q": search}).content.decode()


def test_the_search_of_notes_ends_at_the_newest_orders(site, monkeypatch, three_orders):
    monkeypatch.setattr(order_search, "NEWEST", 2)

    assert "Export 0 orders" in site.get(LIST, {"q": "gate"}).content.decode()
    assert "Export 2 orders" in site.get(LIST, {"q": "bat"}).content.decode()
    assert "Export 2 orders" in site.get(LIST, {"q": "mehta"}).content.decode()


def test_the_page_says_what_the_search_box_searches(site, order):
    page = text_of(site.get(LIST))

    assert "all orders of up to 100 matching customers" in page
    assert "the notes of the newest 10,000 orders" in page


def test_a_search_takes_a_fixed_number_of_statements(site, customer, bat, django_assert_num_queries):
    # Session, user, new orders, products, customers, orders of the one product, the page.
    for _ in range(3):
        place(customer, bat, 1)
        with django_assert_num_queries(7):
            site.get(LIST, {"q": "bat"})


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        # The clocks went forward on March 29, 2026 and back on October 25.
        ("2026-03-28T22:59:59.999999Z", 28),
        ("2026-03-28T23:00:00Z", 29),
        ("2026-03-29T21:59:59.999999Z", 29),
        ("2026-03-29T22:00:00Z", 30),
        ("2026-10-24T22:00:00Z", 25),
        ("2026-10-25T22:59:59.999999Z", 25),
        ("2026-10-25T23:00:00Z", 26),
    ],
)
def test_the_days_of_the_list_are_days_of_the_shop(site, order, settings, moment, day):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    Order.objects.update(created_at=moment)

    def is_listed(day):
        query = {"created_at_from": f"{moment[:8]}{day}", "created_at_to": f"{moment[:8]}{day}"}
        return f"{LIST}{order.pk}/change/" in site.get(LIST, query).content.decode()

    assert [number for number in (day - 1, day, day + 1) if is_listed(number)] == [day]


def test_a_day_that_ends_twice_is_complete(site, order, settings):
    # In Havana, November 3, 2024 began twice; in Sao Paulo, February 16, 2019 ended twice.
    for zone, moments, day in (
        ("America/Havana", ("2024-11-03T04:00:00Z", "2024-11-04T04:59:59.999999Z"), "2024-11-03"),
        ("America/Sao_Paulo", ("2019-02-16T02:00:00Z", "2019-02-17T02:59:59.999999Z"), "2019-02-16"),
    ):
        settings.SHOP_TIME_ZONE = zone
        for moment in moments:
            Order.objects.update(created_at=moment)
            page = site.get(LIST, {"created_at_from": day, "created_at_to": day}).content.decode()
            assert f"{LIST}{order.pk}/change/" in page


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("query", "listed"),
    [
        *[("created_at_from=2026-01-01", True), ("created_at_from=2100-01-01", False)],
        *[("created_at_to=2100-01-01", True), ("created_at_to=2026-01-01", False)],
        # There is no such time in UTC, or none in the zone.
        *[(f"created_at_{end}={day}", True) for end in ("from", "to") for day in ("0001-01-01", "9999-12-31")],
    ],
)
def test_the_days_may_be_open_at_one_end_in_any_zone(site, order, settings, zone, query, listed):
    settings.SHOP_TIME_ZONE = zone

    response = site.get(f"{LIST}?{query}")

    assert response.status_code == 200
    assert (f"{LIST}{order.pk}/change/" in response.content.decode()) is listed


def test_times_are_in_the_time_zone_of_the_shop_and_the_page_names_it(site, order, settings, api, admin):
    settings.SHOP_TIME_ZONE = "Asia/Kolkata"
    Order.objects.update(created_at="2026-11-22T20:00:00Z")

    for path in (LIST, f"{LIST}{order.pk}/change/"):
        page = site.get(path).content.decode()
        assert "Nov. 23, 2026, 1:30 a.m." in page
        assert "time zone Asia/Kolkata" in page
    assert api(admin).get(f"/api/orders/{order.pk}/").json()["created_at"] == "2026-11-22T20:00:00Z"


@pytest.mark.parametrize(
    ("currency", "shown"), [("", "2,400.00"), ("€", "€2,400.00"), ("EUR", "EUR\u00a02,400.00"), ("R$", "R$2,400.00")]
)
def test_amounts_are_shown_with_the_currency(site, order, settings, currency, shown):
    settings.CURRENCY = currency

    for path in (LIST, f"{LIST}{order.pk}/change/", "/admin/"):
        assert f'<span class="number">{shown}</span>' in site.get(path).content.decode()


def test_the_user_list_links_to_the_orders_of_a_customer(site, order):
    page = site.get("/admin/accounts/user/").content.decode()

    assert f'href="{LIST}?customer__id__exact={order.customer_id}"' in page


def test_the_list_takes_a_fixed_number_of_statements(site, customer, bat, django_assert_num_queries):
    # Session, user, the page.
    for _ in range(3):
        place_order(customer=customer, items=[{"product": bat.pk, "quantity": 1}])
        with django_assert_num_queries(3):
            site.get(LIST)


def test_a_user_with_many_orders_is_not_deleted_and_few_orders_are_read(site, customer):
    Order.objects.bulk_create(Order(customer=customer, total=1) for _ in range(30))

    with CaptureQueriesContext(connection) as queries:
        page = site.get(f"/admin/accounts/user/{customer.pk}/delete/").content.decode()

    assert "cannot be deleted" in page
    assert len(re.findall("<li>Order: Order [0-9]+</li>", page)) == 10
    assert "<li>and more</li>" in page
    reads = [query["sql"] for query in queries if 'FROM "orders_order"' in query["sql"]]
    assert reads
    assert all("LIMIT" in read for read in reads)


def test_the_page_of_an_order_takes_few_statements(site, customer, admin, django_assert_max_num_queries):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(30)]
    place_order(customer=customer, items=[{"product": product.pk, "quantity": 1} for product in products])

    page = f"{LIST}{Order.objects.get().pk}/change/"
    site.get(page)  # reads the content type, which Django then keeps

    with django_assert_max_num_queries(9):
        site.get(page)


def test_orders_are_exported(site, order):
    response = site.get(f"{LIST}export/")

    lines = b"".join(response.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert ",carl,pending," in lines[1]


def place(customer, product, quantity):
    place_order(customer=customer, items=[{"product": product.pk, "quantity": quantity}])
    return Order.objects.latest("id")


def exported(site, query=""):
    """Return the name of the file exported from a filtered list, and the ids of its orders."""
    response = site.get(f"{LIST}export/{query}")
    rows = csv.DictReader(response.getvalue().decode("utf-8-sig").splitlines())
    return response.headers["Content-Disposition"].partition("filename=")[2].strip('"'), [int(r["order"]) for r in rows]


def test_the_export_contains_what_the_list_shows(site, admin, customer, bat):
    first, second, third = place(customer, bat, 2), place(admin, bat, 3), place(customer, bat, 1)
    Order.objects.filter(pk=third.pk).update(status="shipped", created_at=first.created_at - timedelta(days=3))
    day = third.created_at.date()

    assert exported(site)[1] == [second.pk, first.pk, third.pk]
    assert exported(site, "?status__exact=shipped")[1] == [third.pk]
    assert exported(site, f"?customer__id__exact={admin.pk}")[1] == [second.pk]
    assert exported(site, f"?created_at_from={day}")[1] == [second.pk, first.pk]
    assert exported(site, "?q=carl")[1] == [first.pk, third.pk]
    assert exported(site, "?o=4&q=carl")[1] == [third.pk, first.pk]
    assert exported(site, f"?q={second.pk}")[1] == [second.pk]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "orders-{today}.csv"),
        ("?q=carl", "orders-{today}.csv"),
        ("?created_at_from=2026-11-01", "orders-2026-11-01-to-{today}.csv"),
        ("?created_at_to=2026-11-30", "orders-to-2026-11-30.csv"),
        ("?created_at_from=2026-11-01&created_at_to=2026-11-30", "orders-2026-11-01-to-2026-11-30.csv"),
        ("?created_at_from=2026-02-30&created_at_to=junk", "orders-{today}.csv"),
    ],
)
def test_the_name_of_the_exported_file_says_which_days_it_is_about(site, query, name):
    assert exported(site, query)[0] == name.format(today=timezone.localdate())


def test_the_export_button_keeps_the_filter(site, order):
    page = site.get(f"{LIST}?status__exact=pending&q=carl&p=1").content.decode()

    assert f'href="{LIST}export/?status__exact=pending&amp;q=carl"' in page
    assert "Export 1 order" in page


def test_an_export_takes_a_fixed_number_of_statements(site, customer, bat, django_assert_num_queries):
    # Session, user, the search in new orders, products and customers, a look at the result, the orders, their lines.
    for _ in range(3):
        place(customer, bat, 1)
        with django_assert_num_queries(8):
            assert site.get(f"{LIST}export/", {"q": "carl"}).getvalue()
