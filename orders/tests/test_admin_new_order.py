"""The page of the admin site on which an Admin places an order for a customer."""

import pytest

from order_management.tests.test_admin_forms import forms
from orders.models import Order
from products.models import Product, StockMovement
from products.services import create_product

PAGE, LIST = "/admin/orders/order/new/", "/admin/orders/order/"


@pytest.fixture
def send(site):
    """A function that fills in the page and presses a button; returns the response."""

    def send(customer, /, *lines, button="_check", **fields):
        [form] = forms(site.get(PAGE))
        for number, (product, quantity) in enumerate(lines):
            form |= {f"lines-{number}-product": getattr(product, "pk", product), f"lines-{number}-quantity": quantity}
        return site.post(PAGE, form | {"customer": getattr(customer, "pk", customer), button: "1"} | fields)

    return send


def text(response):
    assert response.status_code == 200
    return response.content.decode()


def chosen(response):
    """Return what the page would submit if it was submitted unchanged, without empty fields."""
    [form] = forms(response)
    hidden = ("csrfmiddlewaretoken", "lines-TOTAL_FORMS", "lines-INITIAL_FORMS", "lines-MIN_NUM_FORMS")
    return {name: value for name, value in form.items() if value and name not in (*hidden, "lines-MAX_NUM_FORMS")}


def test_the_list_has_a_button_for_a_new_order(site):
    assert f'href="{PAGE}"' in text(site.get(LIST))


@pytest.mark.parametrize("term", ["carl", "Carl Mehta", "carl@example"])
def test_customers_are_found_by_name_and_email(site, customer, term):
    customer.update_profile(first_name="Carl", last_name="Mehta", email="carl@example.com")
    query = {"app_label": "orders", "model_name": "order", "field_name": "customer", "term": term}

    found = site.get("/admin/autocomplete/", query).json()["results"]

    assert found == [{"id": str(customer.pk), "text": "carl (Carl Mehta)"}]


def test_products_are_found_with_price_and_stock_unless_deleted(site, bat, ball):
    query = {"app_label": "orders", "model_name": "orderline", "field_name": "product", "term": "ba"}
    Product.objects.filter(pk=ball.pk).remove()

    found = site.get("/admin/autocomplete/", query).json()["results"]

    assert found == [{"id": str(bat.pk), "text": "Bat (1,200.00, 10 in stock)"}]


def test_ids_can_be_written_without_javascript(site):
    page = text(site.get(PAGE))

    assert page.count('<noscript><input type="text"') == 6
    assert '<noscript><input type="text" inputmode="numeric" name="customer" value=""' in page


def test_check_shows_lines_and_total_and_places_nothing(send, customer, bat, ball):
    page = text(send(customer, (bat, 2), (ball, ""), (bat, 1)))

    for shown in ("Bat", "1,200.00", "3,600.00", "50.00", "3,650.00", "Place order"):
        assert shown in page
    assert not Order.objects.exists()


def test_an_order_is_placed_for_the_customer(site, admin, send, customer, bat, ball):
    response = send(customer, (bat, 2), (ball, 1), button="_place", note="by phone", expected_total="2450.00")

    order = Order.objects.get()
    assert response.url == f"{LIST}{order.pk}/change/"
    assert f"Order {order.pk} for carl was placed" in site.get(response.url).content.decode()
    assert (order.customer, order.note, str(order.total)) == (customer, "by phone", "2450.00")
    assert order.events.get().by == StockMovement.objects.filter(kind="ordered").first().by == admin


def test_what_was_typed_is_kept(send, customer, bat, ball):
    response = send(customer, (bat, 2), (ball, 99), note="by phone")

    kept = chosen(response)
    assert kept.pop("expected_total") == "7350.00"
    assert kept == {
        "customer": str(customer.pk),
        "note": "by phone",
        "lines-0-product": str(bat.pk),
        "lines-0-quantity": "2",
        "lines-1-product": str(ball.pk),
        "lines-1-quantity": "99",
    }
    assert ">carl</option>" in text(response)
    assert ">Ball</option>" in text(response)


def test_too_little_stock_is_named_beside_the_line(send, customer, bat, ball):
    for button in ("_check", "_place"):
        page = text(send(customer, (bat, 2), (ball, 4), button=button))
        assert "Only 3 in stock" in page
        assert "Only 10 in stock" not in page
        assert "Place order" not in page
    assert "Not enough stock." in page
    assert not Order.objects.exists()


def test_a_total_other_than_the_one_shown_is_refused_and_shown(send, customer, bat):
    response = send(customer, (bat, 1), button="_place", expected_total="1000.00")

    assert "The total is not the expected one." in text(response)
    assert chosen(response)["expected_total"] == "1200.00"
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("quantity", "error"),
    [
        ("0", "greater than or equal to 1"),
        ("1000001", "less than or equal to 1000000"),
        ("two", "Enter a whole number."),
        ("1000000", "The total must not exceed"),
    ],
)
def test_a_wrong_quantity_is_refused(send, customer, bat, quantity, error):
    Product.objects.filter(pk=bat.pk).update(price="99999999.99")

    response = send(customer, (bat, quantity), button="_place")

    assert error in text(response)
    assert chosen(response)["lines-0-quantity"] == quantity


def test_unknown_and_deleted_products_are_refused(site, send, customer, bat, ball):
    Product.objects.filter(pk=ball.pk).remove()

    page = text(send(customer, (bat, 1), (ball, 1), (999, 1), button="_place"))

    assert f"There is no product {ball.pk}." in page
    assert "There is no product 999." in page
    assert not Order.objects.exists()


def test_an_unknown_or_locked_out_customer_is_refused(send, customer, bat):
    customer.set_access(is_active=False)

    for who in (customer, 999, 2**63):
        assert not chosen(send(who, (bat, 1), button="_place")).get("expected_total")
    assert "There is no active user with this id." in text(send(customer, (bat, 1)))
    assert not Order.objects.exists()


def test_an_empty_order_is_refused(send, customer):
    assert "Choose at least one product." in text(send(customer))
    assert "This field is required." in text(send("", button="_place"))


def test_there_are_always_free_lines_up_to_one_hundred(site, send, customer, admin):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(100)]

    assert text(site.get(PAGE)).count('aria-label="Quantity"') == 5
    assert text(send(customer, *((product, 1) for product in products[:7]))).count('aria-label="Quantity"') == 12
    assert text(send(customer, *((product, 1) for product in products))).count('aria-label="Quantity"') == 100
    assert send(customer, *((product, 1) for product in products), button="_place").status_code == 302
    assert Order.objects.get().lines.count() == 100


@pytest.mark.parametrize("count", [1, 50])
def test_a_check_takes_a_fixed_number_of_statements(site, send, admin, customer, count, django_assert_max_num_queries):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(count)]

    # Loading the page; session, user, transaction, token, customer, names, preview.
    with django_assert_max_num_queries(14):
        text(send(customer, *((product, 1) for product in products)))


@pytest.mark.parametrize(
    "field", ["lines-0-product", "lines-0-quantity", "customer", "expected_total", "lines-TOTAL_FORMS"]
)
@pytest.mark.parametrize("value", ["-1", "1e9", "9" * 19, "9" * 400, "x", "\0", "<b>"])
def test_no_value_breaks_the_page(send, customer, bat, field, value):
    response = send(customer, (bat, 1), button="_place", **{field: value})

    assert response.status_code in (200, 302, 400)
    assert b"<b>" not in response.content
