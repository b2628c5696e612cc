import pytest

from orders.models import Order
from orders.services import place_order
from products.models import Product
from products.services import create_product

LIST = "/admin/orders/order/"


def act(site, action, *orders):
    body = {"action": action, "_selected_action": [order.pk for order in orders]}
    return site.post(LIST, body, follow=True).content.decode()


def test_steps_are_actions(site, order):
    assert f"Order {order.pk} is confirmed." in act(site, "confirm", order)
    assert f"Order {order.pk} is cancelled." in act(site, "cancel", order)
    assert Product.objects.get().quantity == 10
    assert f"Order {order.pk}: The order is cancelled and cannot become shipped." in act(site, "ship", order)
    assert Order.objects.get().status == "cancelled"


def test_an_order_shows_its_lines_and_events(site, order):
    page = site.get(f"{LIST}{order.pk}/change/").content.decode()

    assert "Bat" in page
    assert "2400.00" in page
    assert "pending" in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("path", ["add/", "{}/delete/"])
def test_an_order_is_neither_added_nor_deleted(site, order, path):
    assert site.post(LIST + path.format(order.pk), {"post": "yes"}).status_code == 403
    act(site, "delete_selected", order)
    assert Order.objects.exists()


def test_an_order_is_not_typed_over(site, order):
    assert site.post(f"{LIST}{order.pk}/change/", {"status": "delivered"}).status_code == 403
    assert Order.objects.get().status == "pending"


@pytest.mark.parametrize("query", ["", "?status__exact=pending", "?q=carl", "?q={}"])
def test_the_list_searches_and_filters(site, order, query):
    assert "carl" in site.get(LIST + query.format(order.pk)).content.decode()


def test_an_order_costs_few_statements_however_many_lines(site, customer, admin, django_assert_max_num_queries):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(30)]
    place_order(customer=customer, items=[{"product": product.pk, "quantity": 1} for product in products])

    with django_assert_max_num_queries(8):
        site.get(f"{LIST}{Order.objects.get().pk}/change/")
