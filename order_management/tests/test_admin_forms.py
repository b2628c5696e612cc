"""Every form of the admin site makes its change once, however often it is submitted."""

from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import form_tokens
from accounts.models import ClientAddress, FormToken, User
from orders.models import Order
from products.models import Product

from .routes import all_routes

ALREADY_SUBMITTED = "This form has already been submitted. Nothing was changed this time."
CSV = SimpleUploadedFile("products.csv", b"id,name,price,quantity\n,Net,5.50,2\n")
OWN_PASSWORD = {"old_password": "anna's secret", "new_password1": "n3w words", "new_password2": "n3w words"}
NEW_PASSWORD = {"usable_password": "true", "password1": "n3w words", "password2": "n3w words"}
PRODUCTS, ORDERS, USERS = "admin/products/product/", "admin/orders/order/", "admin/accounts/user/"
# What a user fills in, for every form of the site, by the route of its page.
FORMS = [
    (f"{PRODUCTS}add/", {"name": "Net", "price": "1", "quantity": "1"}),
    (f"{PRODUCTS}<path:object_id>/change/", {"name": "Club"}),
    (f"{PRODUCTS}<path:object_id>/delete/", {}),
    (f"{PRODUCTS}<path:object_id>/book_stock/", {"delta": "5"}),
    (f"{PRODUCTS}<path:object_id>/restore/", {}),
    (f"{PRODUCTS}import/", {"file": CSV}),
    (PRODUCTS, {"form-0-price": "9.90", "_save": "Save"}),
    (f"{ORDERS}<path:object_id>/confirm/", {}),
    (f"{ORDERS}<path:object_id>/ship/", {}),
    (f"{ORDERS}<path:object_id>/deliver/", {}),
    (f"{ORDERS}<path:object_id>/cancel/", {}),
    (f"{ORDERS}<path:object_id>/return/", {}),
    (f"{ORDERS}new/", {"lines-0-quantity": "1", "_place": "1"}),
    (ORDERS, {"action": "confirm"}),
    (f"{USERS}add/", {"username": "cora", **NEW_PASSWORD}),
    (f"{USERS}<path:object_id>/change/", {"first_name": "Carl"}),
    (f"{USERS}<path:object_id>/delete/", {}),
    (f"{USERS}<id>/password/", NEW_PASSWORD),
    (USERS, {"action": "lock_out", "post": "yes"}),
    (USERS, {"action": "make_admin", "post": "yes"}),
    ("admin/password_change/", OWN_PASSWORD),
]
BEFORE = {"ship": "confirmed", "deliver": "shipped", "return": "delivered"}


ROUTES = sorted({route for route in all_routes() if route.startswith("admin/")})


class Form(dict):
    """What a browser submits for an unchanged form."""

    has_button = False


class Forms(HTMLParser):
    """The POST forms of a page, except the logout form."""

    def __init__(self, response):
        super().__init__()
        self.forms, self.form, self.select = [], None, ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and attributes.get("method") == "post" and attributes.get("id") != "logout-form":
            self.form = Form()
            self.forms.append(self.form)
        elif self.form is None:
            return
        elif tag == "button" or attributes.get("type") in ("submit", "button", "file"):
            self.form.has_button |= attributes.get("type", "submit") == "submit"
        elif tag == "select":
            self.select = attributes["name"]
        elif tag == "option" and "selected" in attributes:
            self.form[self.select] = attributes["value"]
        elif tag == "input" and "name" in attributes and is_on(attributes):
            self.form[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None


def is_on(attributes):
    return attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes


def forms(response):
    return Forms(response).forms


@pytest.fixture
def page_of(bat, order, customer):
    """A function that fills a route with the id of the bat, of the customer's order or of another customer."""
    cole = User.objects.create_user("cole", password="cole's secret")
    ids = {PRODUCTS: bat.pk, ORDERS: order.pk, USERS: cole.pk}

    def path(route):
        Order.objects.update(status=BEFORE.get(route.split("/")[-2], "pending"))
        if route.endswith("/restore/"):
            Product.objects.all().remove()
        pk = next((pk for prefix, pk in ids.items() if route.startswith(prefix)), 1)
        return "/" + route.replace("<path:object_id>", str(pk)).replace("<id>", str(pk))

    return path


def fill_in(site, path, fields):
    """Return what a browser submits for the form at the path; list actions apply to the newest row.

    A new order is for the first customer, of the first product.
    """
    [form] = forms(site.get(path))
    if "customer" in form:
        form["customer"] = User.objects.filter(is_staff=False).first().pk
        form["lines-0-product"] = Product.objects.first().pk
    if "action" in fields:
        model = Order if "orders" in path else User
        form["_selected_action"] = model.objects.order_by("pk").last().pk
    return form | fields


def state():
    """Return every row that a form could change."""
    return {
        model: list(model.objects.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.label not in ("sessions.Session", "accounts.FormToken")
    }


@pytest.mark.parametrize(("route", "fields"), FORMS)
def test_a_form_submitted_twice_makes_its_change_once(site, page_of, route, fields):
    path = page_of(route)
    form = fill_in(site, path, fields)
    before = state()

    assert site.post(path, rewound(form)).status_code == 302
    after = state()
    again = site.post(path, rewound(form))

    assert before != after == state()
    assert again.status_code == 409
    assert ALREADY_SUBMITTED in again.content.decode()
    assert FormToken.objects.count() == 1


def rewound(form):
    for value in form.values():
        if hasattr(value, "seek"):
            value.seek(0)
    return form


def test_a_confirmed_bulk_deletion_is_made_once(site, page_of, bat, ball):
    chosen = fill_in(site, f"/{PRODUCTS}", {}) | {"action": "delete_selected", "_selected_action": [bat.pk, ball.pk]}
    [form] = forms(site.post(f"/{PRODUCTS}", chosen))
    form |= {"_selected_action": [bat.pk, ball.pk]}

    assert site.post(f"/{PRODUCTS}", form).status_code == 302
    before = state()
    assert ALREADY_SUBMITTED in site.post(f"/{PRODUCTS}", form).content.decode()

    assert state() == before
    assert not Product.objects.listed().exists()


@pytest.mark.parametrize("route", ROUTES)
def test_every_form_has_a_token_and_is_tested_above(site, page_of, route):
    response = site.get(page_of(route))
    found = [] if response.streaming or response.status_code != 200 else forms(response)

    assert all(form[form_tokens.FIELD] for form in found)
    assert route in [route for route, _ in FORMS] or not any(form.has_button for form in found)


def test_a_script_that_sends_the_csrf_cookie_with_every_form_makes_every_change(site, bat):
    site.get(f"/{PRODUCTS}")
    form = {"_form_submitted": "True", "delta": "5", form_tokens.FIELD: site.cookies["csrftoken"].value}

    for _ in range(2):
        site.post(f"/{PRODUCTS}{bat.pk}/book_stock/", form)

    bat.refresh_from_db()
    assert bat.quantity == 20


def fill_in_stock(site, product, **fields):
    [form] = forms(site.get(f"/{PRODUCTS}{product.pk}/book_stock/"))
    return form | fields


@pytest.mark.parametrize(
    "wrong",
    # A form error and a conflict.
    [{"delta": "0"}, {"delta": "-11"}],
)
def test_a_refused_form_can_be_corrected_and_submitted_again(site, bat, wrong):
    path, form = f"/{PRODUCTS}{bat.pk}/book_stock/", fill_in_stock(site, bat)

    site.post(path, form | wrong)
    site.post(path, form | {"delta": "5"})
    site.post(path, form | {"delta": "5"})

    assert [movement.delta for movement in bat.movements.order_by("id")] == [10, 5]


@pytest.mark.parametrize("spelled", ["01", "+1", "1_0A", "1%0A", "%201", "0_1", "\u0661", "1/"])
def test_other_spellings_of_an_id_are_a_404(site, page_of, spelled):
    for route, fields in FORMS:
        path, odd = page_of(route), f"/{route}".replace("<path:object_id>", spelled).replace("<id>", spelled)
        if "<" in route:
            form = fill_in(site, path, fields)
            assert [site.get(odd).status_code, site.post(odd, form).status_code] == [404, 404], odd


def test_a_bulk_action_without_effect_can_be_submitted_again(site, order, page_of):
    form = fill_in(site, f"/{ORDERS}", {"action": "ship"})
    site.post(f"/{ORDERS}", form)
    site.post(f"/{ORDERS}", form | {"action": "confirm"})

    assert Order.objects.get().status == "confirmed"


def test_a_step_that_was_rolled_back_does_not_use_up_the_form(site, order, bat, page_of):
    path = page_of(f"{ORDERS}<path:object_id>/return/")
    Product.objects.update(quantity=2**31 - 1)
    form = fill_in(site, path, {})

    assert "must stay between" in site.post(path, form, follow=True).content.decode()
    Product.objects.update(quantity=8)
    site.post(path, form)

    assert Order.objects.get().status == "returned"


@pytest.mark.django_db(transaction=True)
def test_a_wrong_old_password_is_counted_and_can_be_corrected(site):
    path = "/admin/password_change/"
    form = fill_in(site, path, OWN_PASSWORD)

    assert site.post(path, form | {"old_password": "wrong"}).status_code == 200
    assert len(ClientAddress.objects.get().failed_logins) == 1
    assert site.post(path, form).status_code == 302


def test_a_dialog_submitted_twice_redirects_to_a_page_that_says_so(site, bat):
    path, form = f"/{PRODUCTS}{bat.pk}/book_stock/", fill_in_stock(site, bat, delta="5")
    here = f"http://testserver/{PRODUCTS}?q=bat"
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    site.post(path, form, headers=headers)

    response = site.post(path, form, headers=headers)

    assert (response.status_code, response.headers["HX-Redirect"]) == (409, here)
    assert ALREADY_SUBMITTED in site.get(here).content.decode()


@pytest.mark.parametrize("url", ["https://evil.example/", "javascript:alert(1)", "//evil.example/", ""])
def test_a_dialog_redirects_to_no_other_site(site, bat, url):
    path, headers = f"/{PRODUCTS}{bat.pk}/book_stock/", {"HX-Request": "true", "HX-Current-URL": url}

    form = fill_in_stock(site, bat, delta="5")
    site.post(path, form)
    response = site.post(path, form, headers=headers)

    assert (response.status_code, response.headers["HX-Redirect"]) == (409, "/admin/")


RESPONSE_MAX = 64 * 1024


def largest(site, path, form, text):
    """Return the size of the largest response to the form with this text in one field or spread over all fields."""
    forms = [form | {name: text} for name in form] + [form | dict.fromkeys(form, text[len(form) :: len(form)])]
    return max(len(site.post(path, rewound(sent)).content) for sent in forms)


@pytest.mark.parametrize(("route", "fields"), FORMS)
def test_no_response_repeats_much_of_a_form(site, page_of, route, fields):
    path = page_of(route)
    form = fill_in(site, path, fields)

    assert largest(site, path, form, '"' * 60000) <= RESPONSE_MAX
    assert largest(site, path, form, '"' * 2000) <= RESPONSE_MAX


def test_the_login_page_does_not_repeat_much_of_its_form(client, admin):
    form = {"username": "anna", "password": "wrong", "next": "/admin/"}

    assert largest(client, "/admin/login/", form, '"' * 60000) <= RESPONSE_MAX
    assert largest(client, "/admin/login/", form, '"' * 2000) <= RESPONSE_MAX


def test_a_form_with_three_passwords_of_maximum_length_is_accepted(site, admin):
    passwords = {"old_password": "o" * 1024, "new_password1": "n" * 1024, "new_password2": "n" * 1024}
    admin.set_password(passwords["old_password"])
    admin.save()
    site.force_login(admin)

    form = fill_in(site, "/admin/password_change/", passwords)
    assert site.post("/admin/password_change/", form).status_code == 302


def test_a_full_page_of_a_list_is_accepted(site, admin):
    Product.objects.bulk_create(Product(name=f"Bat {n}", price="99999999.99", quantity=0) for n in range(50))
    selected = [str(10**9 + n) for n in range(50)]
    form = fill_in(site, f"/{PRODUCTS}", {"form-49-price": "1", "_save": "Save", "_selected_action": selected})

    assert site.post(f"/{PRODUCTS}", form).status_code == 302
    assert Product.objects.filter(price=1).count() == 1
