"""The dialog of the admin site in which an order is returned."""

import re

import pytest

from orders.models import Order
from orders.services import change_status, place_order, return_items
from products.models import QUANTITY_MAX, Product


@pytest.fixture
def order(admin, customer, bat, ball):
    """A delivered order of three bats and two balls."""
    items = [{"product": bat.pk, "quantity": 3}, {"product": ball.pk, "quantity": 2}]
    order = Order.objects.get(pk=place_order(customer=customer, items=items).id)
    for status in ("confirmed", "shipped", "delivered"):
        change_status(order, status, by=admin)
        order.refresh_from_db()
    return order


@pytest.fixture
def send(site, order):
    """A function that sends the dialog with the quantities of bats and balls, and returns the page that follows."""
    names = [f"line-{line.pk}" for line in order.lines.all()]

    def send(*quantities, **fields):
        form = {"_form_submitted": "True", "note": ""} | dict(zip(names, quantities, strict=False)) | fields
        return site.post(url(order), form, follow=True).content.decode()

    return send


def url(order, page="return"):
    return f"/admin/orders/order/{order.pk}/{page}/"


def returned(order):
    return [line.returned for line in order.lines.all()]


def test_the_dialog_begins_with_all_that_is_left(site, admin, order, bat):
    return_items(order, by=admin, items=[{"product": bat.pk, "quantity": 1}])

    dialog = site.get(url(order)).content.decode()

    assert re.findall(r"(Bat|Ball): (\d of \d) left", dialog) == [("Bat", "2 of 3"), ("Ball", "2 of 2")]
    assert re.findall(r'name="line-\d+" value="(\d)"', dialog) == ["2", "2"]


def test_the_pieces_that_came_back_go_into_stock(send, order, bat, ball):
    page = send("1", "0", note="did not fit")

    assert f"Order {order.pk}: 1 piece is returned." in page
    assert returned(order) == [1, 0]
    assert [Product.objects.get(pk=pk).quantity for pk in (bat.pk, ball.pk)] == [8, 1]
    assert order.events.last().note == "did not fit"


def test_damaged_pieces_do_not_go_back_into_stock(send, order, bat):
    send("2", "2", damaged="on")

    assert returned(order) == [2, 2]
    assert Product.objects.get(pk=bat.pk).quantity == 7


@pytest.mark.parametrize("quantities", [("0", "0"), ("", ""), ()])
def test_a_return_of_nothing_is_refused(send, order, quantities):
    assert "Enter how many pieces came back." in send(*quantities)
    assert returned(order) == [0, 0]


@pytest.mark.parametrize("quantity", ["4", "-1", "1.5", "many", "9" * 20])
def test_a_wrong_quantity_is_shown_with_its_error(send, order, quantity):
    page = send(quantity, "1", note="as agreed")

    assert "errorlist" in page or "text-red" in page
    assert f'value="{quantity}"' in page
    assert 'value="as agreed"' in page
    assert returned(order) == [0, 0]


def test_a_line_that_others_returned_meanwhile_is_refused(send, admin, order, bat):
    return_items(order, by=admin, items=[{"product": bat.pk, "quantity": 3}])

    page = send("3", "1")

    assert "Bat: 0 of 3 left" in page
    assert returned(order) == [3, 0]


def test_a_stock_that_does_not_fit_changes_nothing(send, order, bat):
    Product.objects.filter(pk=bat.pk).update(quantity=QUANTITY_MAX)

    assert "The stock must stay between 0 and 2147483647." in send("1", "0")
    assert returned(order) == [0, 0]


def test_the_page_shows_what_came_back(site, send, order):
    send("1", "0", damaged="on")
    send("2", "2")

    page = " ".join(re.sub("<[^>]*>", " ", site.get(url(order, "change")).content.decode()).split())

    assert "1 x Bat (not back in stock)" in page
    assert "2 x Bat 2 x Ball" in page
