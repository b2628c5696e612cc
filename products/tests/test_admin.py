import csv
import html
import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from products.imports import import_products
from products.models import Product, ProductImport, StockMovement
from products.services import create_product, delete_products

LIST = "/admin/products/product/"


@pytest.mark.parametrize("path", ["", "add/", "1/change/", "1/book_stock/", "1/delete/", "import/", "export/"])
def test_a_customer_has_no_access(client, customer, path):
    client.force_login(customer)

    assert client.get(LIST + path).status_code == 302


def test_the_list_takes_a_fixed_number_of_statements(site, admin, django_assert_num_queries):
    # Session, user, the page, and the count for the Export button if there are more pages.
    for count, statements in ((3, 3), (120, 4), (120, 4)):
        Product.objects.bulk_create(Product(name=f"Bat {number}", price=1, quantity=0) for number in range(count))
        with django_assert_num_queries(statements):
            site.get(LIST)


def test_the_list_searches_and_filters(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(quantity=0)

    assert "Bat" not in page(site.get(LIST, {"q": "ball"}))
    assert "Bat" not in page(site.get(LIST, {"stock": "out"}))
    assert "Bat" not in page(site.get(LIST, {"stock": "low"}))
    assert "Ball" not in page(site.get(LIST, {"stock": "in"}))


def test_editing_a_price_in_the_list_writes_nothing_else(site, bat, ball):
    Product.objects.filter(pk=bat.pk).update(quantity=4)
    form = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "_save": "Save"}
    form |= {"form-0-id": bat.pk, "form-0-price": "9.90", "form-1-id": ball.pk, "form-1-price": "50.00"}

    site.post(LIST, form)

    bat.refresh_from_db()
    assert (str(bat.price), bat.quantity) == ("9.90", 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", name) for name in ("", " ", "a" * 101, "a\0b")),
        *(("price", price) for price in ("", "-1", "1.001", "1e5", "abc", "NaN", "1,5", "100000000")),
        *(("quantity", quantity) for quantity in ("", "-1", "1.5", "x", 2**31)),
    ],
)
def test_the_form_reports_the_same_errors_as_the_api(site, api, admin, field, value):
    product = {"name": "Net", "price": "1", "quantity": "1"} | {field: value}

    errors = site.post(f"{LIST}add/", product).context["adminform"].errors

    assert errors == api(admin).post("/api/products/create/", product).json()
    assert not Product.objects.exists()


def test_a_product_is_added_and_changed(site):
    site.post(f"{LIST}add/", {"name": "Net", "price": "1", "quantity": "1"})
    product = Product.objects.get()

    site.post(f"{LIST}{product.pk}/change/", {"name": "Net", "price": "2", "quantity": "1"})

    assert Product.objects.filter(name="Net", price=2, quantity=1).exists()
    assert StockMovement.objects.get().kind == "created"


def test_the_form_cannot_overwrite_the_stock(site, bat):
    form = {"name": "Bat", "initial-name": "Bat", "price": "1200.00", "initial-price": "1200.00"}

    site.post(f"{LIST}{bat.pk}/change/", form | {"quantity": "99", "initial-quantity": "10"})

    assert Product.objects.get().quantity == 10


def adjust(site, product_id, **fields):
    return site.post(f"{LIST}{product_id}/book_stock/", {"_form_submitted": "True"} | fields, follow=True)


def test_an_action_adjusts_the_stock(site, bat):
    response = adjust(site, bat.pk, delta="-2", note="damaged")

    assert "Bat: 8 in stock." in response.content.decode()
    movement = StockMovement.objects.first()
    assert (movement.kind, movement.delta, movement.balance, movement.note) == ("adjusted", -2, 8, "damaged")
    assert movement.by.username == "anna"


def test_the_script_of_a_dialog_redirects_to_the_product(site, bat):
    response = site.post(
        f"{LIST}{bat.pk}/book_stock/", {"_form_submitted": "True", "delta": "1"}, headers={"HX-Request": "true"}
    )

    assert response.headers["HX-Redirect"] == f"{LIST}{bat.pk}/change/"


def test_stock_does_not_go_below_zero(site, bat):
    response = adjust(site, bat.pk, delta="-11")

    assert "The stock must stay between 0 and 2147483647." in response.content.decode()
    assert StockMovement.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Enter either a change or a count."),
        ({"delta": "1", "quantity": "2"}, "Enter either a change or a count."),
        ({"quantity": "-1"}, "greater than or equal to 0"),
        ({"quantity": "1.5"}, "A valid integer is required."),
        ({"delta": "0"}, "A change of 0 changes nothing."),
        ({"delta": "x"}, "A valid integer is required."),
        ({"delta": "9" * 30}, "less than or equal to 2147483647"),
        ({"delta": "1", "note": "a" * 501}, "Ensure this field has no more than 500 characters."),
        ({"delta": "1", "note": "a\0"}, "Null characters are not allowed."),
    ],
)
def test_a_refused_adjustment_says_why(site, bat, fields, message):
    assert message in adjust(site, bat.pk, **fields).content.decode()
    assert StockMovement.objects.count() == 1


@pytest.mark.parametrize("product_id", ["999", "abc", "9" * 30])
def test_adjusting_an_unknown_product_is_a_404(site, product_id):
    assert adjust(site, product_id, delta="1").status_code == 404


def test_adjusting_a_deleted_product_is_a_404(site, bat):
    Product.objects.all().remove()

    assert adjust(site, bat.pk, delta="1").status_code == 404


def test_a_stale_form_reverts_nothing(site, bat):
    form = {"name": "Bat", "initial-name": "Bat", "price": "1200.00", "initial-price": "1200.00"}
    Product.objects.update(price=5)

    site.post(f"{LIST}{bat.pk}/change/", form | {"name": "Club"})

    assert Product.objects.filter(name="Club", price=5).exists()


def test_deleting_hides_the_product_but_keeps_its_row(site, bat):
    site.post(f"{LIST}{bat.pk}/delete/", {"post": "yes"})

    assert Product.objects.get().deleted_at
    assert "Bat" not in page(site.get(LIST))


def test_the_bulk_action_hides_products_but_keeps_their_rows(site, bat, ball):
    site.post(LIST, {"action": "delete_selected", "_selected_action": [bat.pk, ball.pk], "post": "yes"})

    assert Product.objects.count() == 2
    assert not Product.objects.listed().exists()


def page(response):
    return response.content.decode().split('id="changelist-form"')[-1]


@pytest.mark.django_db
def test_more_than_a_thousand_products_can_be_deleted_at_once():
    Product.objects.bulk_create(Product(name=f"Bat {number}", price=1, quantity=0) for number in range(1100))

    delete_products(Product.objects.all())

    assert not Product.objects.listed().exists()


def test_an_action_affects_the_selected_products_only(site, bat, ball):
    selected = {"_selected_action": [bat.pk], "select_across": "1"}

    site.post(LIST, selected | {"action": "delete_selected", "post": "yes"})

    assert Product.objects.listed().get() == ball


def test_a_list_is_not_saved_if_one_of_its_products_was_deleted_meanwhile(site, bat, ball):
    form = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "_save": "Save"}
    form |= {"form-0-id": bat.pk, "form-0-price": "9.90", "form-1-id": ball.pk, "form-1-price": "50.00"}
    Product.objects.filter(pk=ball.pk).remove()

    page = site.post(LIST, form, follow=True).content.decode()

    assert "One of these products has been deleted in the meantime." in page
    assert Product.objects.filter(price=1200).exists()


def upload(site, text, **fields):
    file = SimpleUploadedFile(file_name(), text.encode())
    return site.post(f"{LIST}import/", {"file": file} | fields, follow=True).content.decode()


def test_an_import_writes_its_stock_to_the_ledger(site, bat):
    page = upload(site, f"id,name,price,quantity\n{bat.pk},Bat,1300,7\n,Net,5.50,2\n")

    assert "Created 1, changed 1, left 0 unchanged." in page
    assert Product.objects.filter(name="Bat", price=1300, quantity=7).exists()
    movement = bat.movements.first()
    assert (movement.kind, movement.delta, movement.by.username) == ("set", -3, "anna")


def test_a_bad_line_is_named_and_nothing_is_imported(site, bat):
    page = upload(site, "id,name,price,quantity\n,Net,5.50,2\n,Rope,abc,-1\n")

    assert "Nothing was imported" in page
    assert "A valid number is required." in page
    assert Product.objects.count() == 1


@pytest.mark.parametrize("text", ["", "name,price\n", "id,name,price,quantity\n,a\0b,1,1\n", "<b>,x\n"])
def test_a_malformed_file_is_refused(site, text):
    upload(site, text)

    assert not Product.objects.exists()


def test_a_dry_run_only_checks_the_file(site):
    assert "Would have created 1" in upload(site, "id,name,price,quantity\n,Net,5.50,2\n", dry_run="on")
    assert not Product.objects.exists()


def test_an_exported_catalog_can_be_imported_unchanged(site, bat, ball):
    Product.objects.filter(pk=ball.pk).update(name="=1+1")

    response = site.get(f"{LIST}export/")

    assert response.headers["Content-Disposition"] == f'attachment; filename="{file_name()}"'
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeffid,")
    assert text.splitlines()[1:] == [f"{bat.pk},Bat,1200.00,10", f"{ball.pk},'=1+1,50.00,3"]
    assert "left 2 unchanged." in upload(site, text)


def file_name():
    return f"products-{timezone.localdate()}.csv"


def export_button(page):
    """Return the URL and the label of a list's Export button."""
    [(href, text)] = re.findall(rf'<a href="({LIST}export/[^"]*)"[^>]*>.*?</span>([^<]*)</a>', page, re.DOTALL)
    return html.unescape(href), text.strip()


def exported(site, **query):
    """Return the name of the file that a list's Export button downloads, and the names of its products."""
    href, _ = export_button(site.get(LIST, query).content.decode())
    response = site.get(href)
    rows = csv.DictReader(b"".join(response.streaming_content).decode("utf-8-sig").splitlines())
    return response.headers["Content-Disposition"].partition("filename=")[2].strip('"'), [row["name"] for row in rows]


def test_the_export_contains_what_the_list_shows(site, admin, bat, ball):
    create_product(name="Ballon & co", price=1, quantity=0, by=admin)

    assert exported(site) == (file_name(), ["Bat", "Ball", "Ballon & co"])
    assert exported(site, q="ball") == (file_name(), ["Ball", "Ballon & co"])
    assert exported(site, q="ball", stock="out") == (file_name(), ["Ballon & co"])
    assert exported(site, q="Ballon & co") == (file_name(), ["Ballon & co"])
    assert exported(site, id__exact=bat.pk) == (file_name(), ["Bat"])
    assert exported(site, q="none") == (file_name(), [])
    assert exported(site, o="-3", stock="in") == (file_name(), ["Bat", "Ball"])
    assert exported(site, o="2", stock="in") == (file_name(), ["Ball", "Bat"])


def test_the_export_covers_all_pages(site):
    Product.objects.bulk_create(Product(name=f"Bat {number}", price=1, quantity=number % 2) for number in range(240))

    name, names = exported(site, stock="in", p=2)

    assert (name, len(names)) == (file_name(), 120)


def test_a_deleted_product_is_not_exported(site, bat, ball):
    Product.objects.filter(pk=bat.pk).remove()

    assert exported(site, q="b") == (file_name(), ["Ball"])


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ({}, "Export 120 products"),
        ({"p": 2}, "Export 120 products"),
        ({"p": 3}, "Export 120 products"),
        ({"p": 4}, "Export 120 products"),
        ({"q": "Bat 119"}, "Export 1 product"),
        ({"q": "none"}, "Export 0 products"),
    ],
)
def test_the_export_button_says_how_many_products_it_exports(site, query, label):
    Product.objects.bulk_create(Product(name=f"Bat {number}", price=1, quantity=1) for number in range(120))

    assert export_button(site.get(LIST, query).content.decode())[1] == label


def test_the_export_button_counts_up_to_ten_thousand(site, django_assert_num_queries):
    Product.objects.bulk_create(Product(name="Bat", price=1, quantity=1) for _ in range(10_001))

    # Session, user, the page, the count.
    with django_assert_num_queries(4):
        page = site.get(LIST).content.decode()
    assert export_button(page)[1] == "Export more than 10,000 products"


@pytest.mark.parametrize(
    "query",
    [{"o": "x"}, {"p": "x"}, {"p": 9}, {"q": "'"}, {"stock": "x"}, {"e": 1}, {"all": ""}, {"id__exact": "9" * 30}],
)
def test_the_export_treats_odd_parameters_like_the_list(site, bat, query):
    assert site.get(LIST, query).status_code == site.get(f"{LIST}export/", query).status_code == 200


@pytest.mark.parametrize("query", [{"colour": "red"}, {"id__exact": "x"}, {"price__exact": "x"}])
def test_the_export_refuses_filters_that_the_list_refuses(site, bat, query):
    assert site.get(LIST, query).url == site.get(f"{LIST}export/", query).url == f"{LIST}?e=1"


@pytest.mark.parametrize("query", [{"q": "\0"}, {"quantity__gt": 1}, {"name__regex": "x"}, {"_to_field": "name"}])
def test_a_forbidden_filter_of_an_export_is_a_bad_request(site, bat, query):
    assert site.get(LIST, query).status_code == site.get(f"{LIST}export/", query).status_code == 400


def test_an_export_takes_two_statements(site, bat, ball, django_assert_num_queries):
    # Session, user, a look at the result, rows.
    with django_assert_num_queries(4):
        assert site.get(f"{LIST}export/", {"q": "ball"}).getvalue()


def test_a_large_file_is_left_to_the_command(site):
    page = upload(site, "id,name,price,quantity\n" + ",Net,5.50,2\n" * 200_000)

    assert "A file of more than 2.0\xa0MB can only be imported with manage.py import_products." in page
    assert not Product.objects.exists()


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_of_many_lines_is_left_to_the_command(site, monkeypatch, end):
    monkeypatch.setattr("products.admin.forms.IMPORT_MAX_LINES", 3)

    page = upload(site, "id,name,price,quantity\n" + "\n".join([",Net,5.50,2"] * 4) + end)
    assert "A file of more than 3 lines can only be imported with manage.py import_products." in page
    assert not Product.objects.exists()
    assert "Created 3" in upload(site, "id,name,price,quantity\n" + "\n".join([",Net,5.50,2"] * 3) + end)


NET = "id,name,price,quantity\n,Net,5.50,2\n"
AGAIN = 'name="again"'


def test_importing_the_same_file_twice_is_noticed(site, admin):
    assert AGAIN not in upload(site, NET)
    at = ProductImport.objects.get().created_at

    page = upload(site, NET)

    said = f"This file was already imported by anna on {at:%Y-%m-%d at %H:%M} UTC: created 1, changed 0."
    assert f"{said} Nothing was imported this time." in page
    assert AGAIN in page
    assert Product.objects.count() == ProductImport.objects.count() == 1


def test_the_same_file_is_imported_again_on_request(site):
    upload(site, NET)
    upload(site, NET)

    assert "Created 1" in upload(site, NET, again="on")
    assert Product.objects.count() == 2
    counts = ProductImport.objects.values_list("by", "created", "changed", "unchanged")
    assert list(counts) == [("anna", 1, 0, 0)] * 2


def test_a_file_imported_by_another_admin_is_noticed(site):
    other = Client()
    other.force_login(User.objects.create_superuser("otto"))
    upload(other, NET)
    assert "already imported by otto" in upload(site, NET)


def test_an_import_keeps_the_name_of_a_deleted_user(site, bat):
    other, same = Client(), f"id,name,price,quantity\n{bat.pk},Bat,1200.00,10\n"
    other.force_login(otto := User.objects.create_superuser("otto"))
    upload(other, same)

    # Delete as the previous version does, which does not know about imports.
    User.objects.filter(pk=otto.pk)._raw_delete(connection.alias)
    connection.check_constraints()

    assert "already imported by otto" in upload(site, same)


def test_a_file_imported_by_the_command_is_noticed(site):
    import_products(io.BytesIO(NET.encode()))
    assert "already imported by the import_products command" in upload(site, NET)


def test_a_file_imported_a_day_ago_can_be_imported_again(site):
    upload(site, NET)
    ProductImport.objects.update(created_at=timezone.now() - timedelta(hours=24))

    assert "Created 1" in upload(site, NET)


def test_an_import_dated_in_the_future_is_ignored(site):
    upload(site, NET)
    ProductImport.objects.update(created_at=timezone.now() + timedelta(minutes=1))

    assert "Created 1" in upload(site, NET)


def test_other_files_dry_runs_and_refused_files_raise_no_notice(site):
    upload(site, NET, dry_run="on")
    upload(site, f"{NET},Net,x,2\n")

    assert "Would have created 1" in upload(site, NET, dry_run="on")
    assert "already imported" not in upload(site, f"{NET},Net,x,2\n")
    assert "Created 1" in upload(site, NET)
    assert "Would have created 1" in upload(site, NET, dry_run="on")
    assert "Created 1" in upload(site, f"{NET}\n")


def test_a_refused_import_can_be_sent_again_from_the_same_page(site):
    [token] = set(re.findall('csrfmiddlewaretoken" value="([^"]+)', site.get(f"{LIST}import/").content.decode()))
    page = {"csrfmiddlewaretoken": token}
    upload(site, NET)
    upload(site, NET, **page)
    upload(site, f"{NET},Net,x,2\n", **page)

    assert "Created 1" in upload(site, NET, again="on", **page)
    assert "This form has already been submitted." in upload(site, NET, again="on", **page)
    assert Product.objects.count() == 2
