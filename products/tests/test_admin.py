import pytest

from products.models import Product, StockMovement

LIST = "/admin/products/product/"


def test_a_customer_gets_nowhere(client, customer):
    client.force_login(customer)

    assert client.get(LIST).status_code == 302


def test_the_list_searches_and_filters(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(quantity=0)

    assert "Bat" not in page(site.get(LIST, {"q": "ball"}))
    assert "Bat" not in page(site.get(LIST, {"stock": "out"}))
    assert "Ball" not in page(site.get(LIST, {"stock": "in"}))


def test_a_price_is_edited_in_the_list_and_nothing_else_is_written(site, bat, ball):
    Product.objects.filter(pk=bat.pk).update(quantity=4)
    form = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "_save": "Save"}
    form |= {"form-0-id": bat.pk, "form-0-price": "9.90", "form-1-id": ball.pk, "form-1-price": "50.00"}

    site.post(LIST, form)

    bat.refresh_from_db()
    assert (str(bat.price), bat.quantity) == ("9.90", 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "a" * 101), ("price", "-1"), ("price", "1.001"), ("quantity", "-1"), ("quantity", 2**31)],
)
def test_the_form_has_the_rules_of_the_api(site, field, value):
    response = site.post(f"{LIST}add/", {"name": "Net", "price": "1", "quantity": "1"} | {field: value})

    assert field in response.context["adminform"].errors
    assert not Product.objects.exists()


def test_a_product_is_added_and_changed(site):
    site.post(f"{LIST}add/", {"name": "Net", "price": "1", "quantity": "1"})
    product = Product.objects.get()

    site.post(f"{LIST}{product.pk}/change/", {"name": "Net", "price": "2", "quantity": "1"})

    assert Product.objects.filter(name="Net", price=2, quantity=1).exists()
    assert StockMovement.objects.get().kind == "created"


def test_stock_is_booked_in_the_form_and_not_typed_over(site, bat):
    url = f"{LIST}{bat.pk}/change/"
    form = {"name": "Bat", "initial-name": "Bat", "price": "1200.00", "initial-price": "1200.00"}

    site.post(url, form | {"quantity": "99", "delta": "-2", "stock_note": "damaged"})

    movement = StockMovement.objects.first()
    assert Product.objects.get().quantity == 8
    assert (movement.kind, movement.delta, movement.balance, movement.note) == ("adjusted", -2, 8, "damaged")
    assert movement.by.username == "anna"


def test_stock_does_not_go_below_zero_in_the_form(site, bat):
    response = site.post(f"{LIST}{bat.pk}/change/", {"name": "Bat", "price": "1", "delta": "-11"})

    assert response.context["adminform"].errors == {"delta": ["The stock must stay between 0 and 2147483647."]}
    assert StockMovement.objects.count() == 1


def test_an_old_page_changes_nothing_back(site, bat):
    form = {"name": "Bat", "initial-name": "Bat", "price": "1200.00", "initial-price": "1200.00"}
    Product.objects.update(price=5)

    site.post(f"{LIST}{bat.pk}/change/", form | {"name": "Club"})

    assert Product.objects.filter(name="Club", price=5).exists()


def test_delete_hides_and_keeps(site, bat):
    site.post(f"{LIST}{bat.pk}/delete/", {"post": "yes"})

    assert Product.objects.get().deleted_at
    assert "Bat" not in page(site.get(LIST))


def test_the_bulk_action_hides_and_keeps_too(site, bat, ball):
    site.post(LIST, {"action": "delete_selected", "_selected_action": [bat.pk, ball.pk], "post": "yes"})

    assert Product.objects.count() == 2
    assert not Product.objects.listed().exists()


def page(response):
    return response.content.decode().split('id="changelist-form"')[-1]


def test_any_number_of_products_is_deleted_at_once(site):
    Product.objects.bulk_create(Product(name=f"Bat {number}", price=1, quantity=0) for number in range(1100))
    selected = {"_selected_action": Product.objects.values_list("pk", flat=True)[:1], "select_across": "1"}

    site.post("/admin/products/product/", selected | {"action": "delete_selected", "post": "yes"})

    assert not Product.objects.listed().exists()
