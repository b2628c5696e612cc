"""The stock of products in the admin site: the dialog that changes it, and the ledger."""

import re

import pytest

from products.models import Product, StockMovement

LIST, LEDGER = "/admin/products/product/", "/admin/products/stockmovement/"


def submit(site, product, **fields):
    """Submit the dialog as a browser does, with what it showed."""
    path = f"{LIST}{product.pk}/book_stock/"
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', content(site.get(path))))
    return site.post(path, hidden | {"delta": "", "quantity": "", "note": ""} | fields)


def content(response):
    return response.content.decode()


def stock(product):
    product.refresh_from_db()
    return product.quantity


def test_the_dialog_names_the_product_and_its_stock(site, bat):
    assert re.search(r"<strong[^>]*>Bat</strong>: 10 in stock\.", content(site.get(f"{LIST}{bat.pk}/book_stock/")))


def test_a_count_is_recorded(site, bat):
    assert submit(site, bat, quantity="12", note="November").status_code == 302

    row = StockMovement.objects.first()
    assert (row.kind, row.delta, row.balance, row.note, row.by.username) == ("set", 2, 12, "November", "anna")
    assert stock(bat) == 12


def test_a_count_of_zero_is_a_count(site, bat):
    submit(site, bat, quantity="0")

    assert stock(bat) == 0


def test_a_count_is_refused_if_the_stock_is_not_the_one_that_was_shown(site, bat):
    response = submit(site, bat, quantity="12", expected="11", note="<November>")

    page = content(response)
    assert response.status_code == 200
    assert "The stock was 11 and is now 10. Check the count, then send it again." in page
    assert 'name="quantity" value="12"' in page
    assert 'name="note" value="&lt;November&gt;"' in page
    assert StockMovement.objects.count() == 1


def test_a_refused_count_can_be_sent_again_with_the_stock_that_is_shown_then(site, bat):
    page = content(submit(site, bat, quantity="12", expected="11"))

    assert 'name="expected" value="10"' in page
    assert submit(site, bat, quantity="12").status_code == 302
    assert stock(bat) == 12


def test_a_refused_change_keeps_what_was_typed(site, bat):
    response = submit(site, bat, delta="-11", note="damaged")

    assert "The stock must stay between 0 and 2147483647." in content(response)
    assert 'name="delta" value="-11"' in content(response)
    assert 'name="note" value="damaged"' in content(response)
    assert stock(bat) == 10


def test_a_change_does_not_depend_on_the_stock_that_was_shown(site, bat):
    assert submit(site, bat, delta="5", expected="99").status_code == 302
    assert stock(bat) == 15


def test_a_count_without_the_stock_that_was_shown_sets_it(site, bat):
    assert submit(site, bat, quantity="12", expected="").status_code == 302
    assert stock(bat) == 12


def test_the_product_links_to_its_ledger(site, bat, ball):
    path = f"{LEDGER}?product__id__exact={bat.pk}"

    assert f'href="{path}"' in content(site.get(f"{LIST}{bat.pk}/change/"))
    page = content(site.get(path))
    assert f'href="{LIST}{bat.pk}/change/">Bat</a>' in page
    assert f"{LIST}{ball.pk}/change/" not in page
    assert LEDGER not in content(site.get(f"{LIST}add/")).split('id="content-main"')[-1]


def test_a_row_of_the_ledger_links_to_its_order(site, order):
    row = StockMovement.objects.get(kind="ordered")
    link = f'href="/admin/orders/order/{order.pk}/change/">#{order.pk}</a>'

    assert content(site.get(LEDGER)).count(link) == 1
    assert link in content(site.get(f"{LEDGER}{row.pk}/change/"))


def test_the_ledger_takes_a_fixed_number_of_statements(site, bat, order, django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(3):  # session, user, the page
            site.get(LEDGER)
        submit(site, bat, delta="1")


@pytest.fixture
def deleted(bat, ball):
    Product.objects.filter(pk=bat.pk).remove()
    return bat


def rows(response):
    assert response.status_code == 200
    return content(response).split('id="changelist-form"')[-1]


def test_the_list_has_a_filter_for_deleted_products(site, deleted):
    assert "Bat" not in rows(site.get(LIST))
    page = rows(site.get(f"{LIST}?deleted=true"))

    assert "Bat" in page
    assert "Ball" not in page
    assert "Not deleted" in content(site.get(LIST))
    assert "Bat" in rows(site.get(f"{LIST}?deleted=true&q=bat&stock=in"))


def test_deleted_products_can_only_be_restored(site, deleted):
    page = rows(site.get(f"{LIST}?deleted=true"))

    assert f"{LIST}{deleted.pk}/restore/" in page
    assert "book_stock" not in page
    assert "form-0-price" not in page
    assert "delete_selected" not in page
    page = rows(site.get(LIST))
    assert "/restore/" not in page
    assert "restore_selected" not in page


def test_the_page_of_a_deleted_product_is_read_only(site, deleted):
    path = f"{LIST}{deleted.pk}/change/"
    page = content(site.get(path))

    assert f"{LIST}{deleted.pk}/restore/" in page
    assert "Deleted at" in page
    assert "book_stock" not in page
    assert 'name="price"' not in page
    assert site.post(path, {"name": "Club", "price": "1"}).status_code == 403
    assert site.post(f"{LIST}{deleted.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Product.objects.get(pk=deleted.pk).name == "Bat"


def test_a_product_is_restored(site, deleted):
    response = site.post(f"{LIST}{deleted.pk}/restore/", {"_form_submitted": "True"}, follow=True)

    assert "Bat is restored: 10 in stock." in content(response)
    assert Product.objects.listed().count() == 2
    assert "/restore/" not in content(response)


def test_selected_products_are_restored(site, deleted, ball):
    Product.objects.all().remove()
    net = Product.objects.create(name="Net", price=1, quantity=0)
    Product.objects.filter(pk=net.pk).remove()
    chosen = {"action": "restore_selected", "_selected_action": [deleted.pk, net.pk]}

    response = site.post(f"{LIST}?deleted=true", chosen, follow=True)

    assert "2 products restored." in content(response)
    assert [product.name for product in Product.objects.deleted()] == ["Ball"]


def test_restoring_a_product_twice_says_so(site, bat):
    response = site.post(f"{LIST}{bat.pk}/restore/", {"_form_submitted": "True"}, follow=True)

    assert "The product is not deleted." in content(response)


@pytest.mark.parametrize("pk", ["999", "9" * 30])
def test_restoring_an_unknown_product_is_a_404(site, bat, pk):
    assert site.post(f"{LIST}{pk}/restore/", {"_form_submitted": "True"}).status_code == 404


def test_the_export_has_what_the_list_shows(site, deleted):
    for query, exported in (("", b"Ball"), ("?deleted=true", b"Bat")):
        [_, row] = b"".join(site.get(f"{LIST}export/{query}").streaming_content).splitlines()
        assert exported in row
