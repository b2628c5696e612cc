"""The admin site and Swagger UI in a browser: they work, log no errors and request nothing from other hosts."""

import json
import re

import pytest

from .admin_site import AdminSite
from .browser import browser, log_in, page_of, use_session
from .databases import ON_POSTGRES
from .server import ADMIN, CUSTOMER, DEVELOPMENT, PASSWORD

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the pages are the same; test_browser_day.py uses them there")


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture
def page(chromium, server):
    with page_of(chromium, f"http://127.0.0.1:{server.port}") as page:
        yield page


@pytest.fixture
def errors(page):
    """What the browser has logged so far; anything left at the end fails the test."""
    return page.errors


@pytest.fixture
def admin_page(page, server):
    use_session(page, AdminSite(server))
    return page


def test_stock_can_be_adjusted_from_the_list(admin_page, server):
    product = server.create_product(name="Net", quantity=3)
    admin_page.goto("/admin/products/product/?q=Net")
    admin_page.locator("td.field-actions_holder span").first.click()
    admin_page.get_by_role("link", name="Adjust stock").click()
    admin_page.fill("#id_delta", "4")
    admin_page.fill("#id_note", "delivery")
    admin_page.get_by_role("button", name="Adjust stock").click()

    admin_page.get_by_text("Net: 7 in stock.").wait_for()
    [newest, _] = server.call("GET", f"/api/products/{product['id']}/stock/", token=server.admin).body
    assert (newest["delta"], newest["balance"], newest["note"], newest["by"]) == (4, 7, "delivery", ADMIN)


def test_the_dialog_shows_why_an_adjustment_is_refused(admin_page, server):
    product = server.create_product(quantity=3)
    admin_page.goto(f"/admin/products/product/{product['id']}/change/")
    admin_page.get_by_role("link", name="Adjust stock").click()
    admin_page.fill("#id_delta", "0")
    admin_page.get_by_role("button", name="Adjust stock").click()

    admin_page.get_by_text("A change of 0 changes nothing.").wait_for()


def test_a_refused_count_can_be_corrected_in_the_dialog(admin_page, server):
    product = server.create_product(name="Rope", quantity=3)
    path = f"/api/products/{product['id']}/stock/"
    admin_page.goto(f"/admin/products/product/{product['id']}/change/")
    admin_page.get_by_role("link", name="Adjust stock").click()
    admin_page.fill("#id_quantity", "7")
    admin_page.fill("#id_note", "November")
    server.call("POST", path, {"delta": -1}, server.admin)
    admin_page.get_by_role("button", name="Adjust stock").click()

    admin_page.get_by_text("The stock was 3 and is now 2.").wait_for()
    admin_page.get_by_text("Rope: 2 in stock.").wait_for()
    assert [admin_page.input_value(f"#id_{name}") for name in ("quantity", "note")] == ["7", "November"]
    admin_page.fill("#id_quantity", "6")
    admin_page.get_by_role("button", name="Adjust stock").click()
    admin_page.get_by_text("Rope: 6 in stock.").wait_for()
    newest = server.call("GET", path, token=server.admin).body[0]
    assert (newest["kind"], newest["delta"], newest["note"]) == ("set", 4, "November")


def test_a_deleted_product_is_found_and_restored(admin_page, server):
    product = server.create_product(name="Glove")
    server.call("DELETE", f"/api/products/{product['id']}/delete/", token=server.admin)
    admin_page.goto("/admin/products/product/?q=Glove&deleted=true")
    admin_page.locator("td.field-actions_holder span").first.click()
    admin_page.get_by_role("link", name="Restore").click()
    admin_page.get_by_role("button", name="Restore").click()

    admin_page.get_by_text("Glove is restored: 10 in stock.").wait_for()
    admin_page.get_by_role("link", name="Every change of the stock").click()
    admin_page.get_by_role("link", name="Glove").first.wait_for()


def choose(page, text):
    """Choose the first result in the search box that has the focus, by keyboard."""
    page.keyboard.press("Enter")
    page.keyboard.type(text)
    page.locator(".select2-results__option--highlighted", has_text=text).wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")


def test_an_order_is_placed_for_a_customer_by_keyboard(admin_page, server):
    assert server.customer
    server.create_product(name="Wicket", price="7.50", quantity=3)
    admin_page.goto("/admin/orders/order/")
    admin_page.get_by_role("link", name="New order").press("Enter")
    admin_page.locator(".select2-selection").first.focus()
    choose(admin_page, CUSTOMER)
    choose(admin_page, "Wicket")
    admin_page.keyboard.type("2")
    admin_page.keyboard.press("Enter")
    admin_page.get_by_text("15.00").first.wait_for()
    admin_page.get_by_role("button", name="Place order").press("Enter")

    admin_page.get_by_text(f"for {CUSTOMER} was placed: 15.00.").wait_for()
    [order, *_] = server.call("GET", "/api/orders/", token=server.customer).body
    assert (order["total"], order["items"][0]["name"]) == ("15.00", "Wicket")


def test_a_double_click_adjusts_the_stock_once(admin_page, server):
    product = server.create_product(quantity=10)
    admin_page.goto(f"/admin/products/product/{product['id']}/change/")
    admin_page.get_by_role("link", name="Adjust stock").click()
    admin_page.fill("#id_delta", "5")
    admin_page.get_by_role("button", name="Adjust stock").dblclick()

    admin_page.get_by_text("Bat: 15 in stock.").wait_for()
    assert server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["quantity"] == 15


def fill_in_product(page, name, price="1"):
    for field, value in {"name": name, "price": price, "quantity": "1"}.items():
        page.fill(f"#id_{field}", value)


def count_named(server, name):
    return sum(product["name"] == name for product in server.products())


# The browser stays on the page, as if the server were slow.
COUNT_SENT = """() => {
    window.sent = 0
    window.addEventListener("submit", event => {
        window.sent += !event.defaultPrevented
        event.preventDefault()
    })
}"""


def test_the_button_is_disabled_during_a_request_and_enabled_after_going_back(admin_page):
    save = admin_page.get_by_role("button", name="Save", exact=True)
    admin_page.goto("/admin/products/product/add/")
    admin_page.evaluate(COUNT_SENT)
    save.dblclick()
    admin_page.press("#id_name", "Enter")

    assert save.is_disabled()
    assert admin_page.evaluate("window.sent") == 1
    admin_page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert save.is_enabled()
    save.click()
    assert admin_page.evaluate("window.sent") == 2


def test_a_double_click_adds_one_product(admin_page, server):
    admin_page.goto("/admin/products/product/add/")
    fill_in_product(admin_page, "Racket")
    admin_page.get_by_role("button", name="Save", exact=True).dblclick()

    admin_page.get_by_text("was added successfully").wait_for()
    assert count_named(server, "Racket") == 1


def test_a_form_with_an_error_can_be_corrected_and_submitted_again(admin_page, server):
    admin_page.goto("/admin/products/product/add/")
    fill_in_product(admin_page, "Cork", price="-1")
    admin_page.get_by_role("button", name="Save", exact=True).click()
    admin_page.get_by_text("Ensure this value is greater than or equal to 0.").wait_for()
    admin_page.fill("#id_price", "1")
    admin_page.get_by_role("button", name="Save", exact=True).click()

    admin_page.get_by_text("was added successfully").wait_for()


def test_after_going_back_the_same_form_is_refused_and_a_changed_one_accepted(admin_page, errors, server):
    save = admin_page.get_by_role("button", name="Save", exact=True)

    def save_after_back(name):
        admin_page.goto("/admin/products/product/add/")
        fill_in_product(admin_page, "Feather")
        save.click()
        admin_page.wait_for_url("**/product/")
        admin_page.go_back()
        fill_in_product(admin_page, name)
        save.click()

    save_after_back("Feather")
    admin_page.get_by_text("This form has already been submitted. Nothing was changed this time.").wait_for()
    assert count_named(server, "Feather") == 1
    assert [error for error in errors if "409 (Conflict)" not in error] == []
    errors.clear()

    save_after_back("Down")
    admin_page.get_by_text("was added successfully").first.wait_for()
    assert count_named(server, "Feather") == 2
    assert count_named(server, "Down") == 1


def test_an_order_can_be_taken_through_all_its_steps(admin_page, server):
    product = server.create_product(quantity=3)
    items = {"items": [{"product": product["id"], "quantity": 2}]}
    order = server.call("POST", "/api/orders/", items, server.customer).body
    admin_page.goto(f"/admin/orders/order/{order['id']}/change/")

    for button, message in [
        ("Confirm order", f"Order {order['id']} is confirmed."),
        ("Ship order", f"Order {order['id']} is shipped."),
        ("Deliver order", f"Order {order['id']} is delivered."),
        ("Return items", f"Order {order['id']}: 2 pieces are returned."),
    ]:
        admin_page.get_by_role("link", name=button).click()
        admin_page.get_by_role("button", name=button).click()
        admin_page.get_by_text(message).wait_for()

    assert server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["quantity"] == 3


def place_order(server, **product):
    """Return an order of a new product, placed by the customer."""
    items = {"items": [{"product": server.create_product(**product)["id"], "quantity": 2}]}
    return server.call("POST", "/api/orders/", items, server.customer).body


@pytest.mark.parametrize("dismiss", ["Keep it", "Close"])
def test_a_dialog_can_be_dismissed(admin_page, server, dismiss):
    order = place_order(server)
    admin_page.goto(f"/admin/orders/order/{order['id']}/change/")
    admin_page.get_by_role("link", name="Cancel order").click()
    dialog = admin_page.get_by_role("dialog", name="Cancel this order?")
    assert dialog.get_by_role("button").all_inner_texts()[:1] == ["Keep it"]
    dialog.get_by_role("button", name=dismiss).click()

    dialog.wait_for(state="hidden")
    assert server.call("GET", f"/api/orders/{order['id']}/", token=server.admin).body["status"] == "pending"


def test_a_dialog_works_by_keyboard(admin_page, server):
    order = place_order(server)
    admin_page.goto(f"/admin/orders/order/{order['id']}/change/")
    cancel, focused = admin_page.get_by_role("link", name="Cancel order"), admin_page.locator(":focus")

    for close in ("Enter", "Escape"):  # Enter on Keep it, which has the focus
        cancel.press("Enter")
        dialog = admin_page.get_by_role("dialog", name="Cancel this order?")
        dialog.wait_for()
        assert focused.inner_text() == "Keep it"
        admin_page.keyboard.press(close)
        dialog.wait_for(state="hidden")
        assert focused.inner_text() == "Cancel order"

    cancel.press("Enter")
    dialog.wait_for()
    admin_page.keyboard.press("Tab")
    admin_page.keyboard.press("Enter")
    admin_page.get_by_text(f"Order {order['id']} is cancelled.").wait_for()


def test_a_price_can_be_edited_in_the_list(admin_page, server):
    product = server.create_product(name="Shuttle")
    admin_page.goto("/admin/products/product/?q=Shuttle")
    admin_page.fill("#id_form-0-price", "9.90")
    admin_page.get_by_role("button", name="Save").click()
    admin_page.get_by_text("was changed successfully").wait_for()

    assert server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["price"] == "9.90"


def test_the_export_contains_the_filtered_list(admin_page, server):
    product = server.create_product(name="Mütze, rot & blau")
    server.create_product(name="Other")
    admin_page.goto("/admin/products/product/")
    admin_page.fill("#searchbar", "Mütze, rot & blau")
    admin_page.press("#searchbar", "Enter")
    with admin_page.expect_download() as download:
        admin_page.get_by_role("link", name="Export 1 product").click()

    assert re.fullmatch(r"products-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    text = download.value.path().read_bytes().decode("utf-8-sig")
    assert text.splitlines()[1:] == [f'{product["id"]},"Mütze, rot & blau",1200.00,10']


def test_the_user_list_links_to_the_orders_of_a_customer(admin_page, server):
    product = server.create_product()
    items = {"items": [{"product": product["id"], "quantity": 1}]}
    for token in (server.admin, server.customer):
        server.call("POST", "/api/orders/", items, token)
    admin_page.goto("/admin/accounts/user/?q=carl")
    admin_page.locator("td.field-orders a").click()
    admin_page.wait_for_url("**/admin/orders/order/?customer__id__exact=*")

    assert set(admin_page.locator("td.field-customer").all_inner_texts()) == {"carl"}


DRAWN = """canvas => {
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
    return pixels.some(value => value > 0)
}"""


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_charts_of_the_dashboard_are_drawn(chromium, server, colors, width):
    product = server.create_product()
    server.call("POST", "/api/orders/", {"items": [{"product": product["id"], "quantity": 1}]}, server.customer)
    options = {"color_scheme": colors, "viewport": {"width": width, "height": 800}}

    with page_of(chromium, f"http://127.0.0.1:{server.port}", **options) as page:
        log_in(page, ADMIN, PASSWORD)
        charts = page.get_by_role("img", name="per day").all()
        assert len(charts) == 2
        assert all(chart.evaluate(DRAWN) for chart in charts)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_text("As a table").first.click()
        assert page.get_by_role("row").nth(1).is_visible()


@pytest.mark.parametrize(
    "path",
    [
        "accounts/user/",
        "accounts/user/add/",
        "accounts/user/1/change/",
        "accounts/user/1/password/",
        "products/product/add/",
        "products/product/import/",
        "products/stockmovement/",
        "orders/order/",
        "password_change/",
    ],
)
def test_every_page_of_the_admin_site_opens_without_errors(admin_page, path):
    response = admin_page.goto(f"/admin/{path}")
    admin_page.wait_for_load_state("networkidle")

    assert response.status == 200
    assert admin_page.url.endswith(path)  # not redirected


class Docs:
    """Swagger UI, where calls can be tried out."""

    def __init__(self, page):
        self.page = page
        page.goto("/api/docs/")
        page.locator(".opblock").first.wait_for()

    def authorize(self, token):
        self.page.locator("button.authorize").first.click()
        self.page.fill(".auth-container input", token)
        self.page.locator(".auth-btn-wrapper button.authorize").click()
        self.page.locator(".auth-btn-wrapper .btn-done").click()

    def run(self, tag, name):
        """Make a call with the values that the page suggests; return its status and body."""
        call = self.page.locator(f"#operations-{tag}-{name}")
        call.locator(".opblock-summary-control").click()
        call.locator(".try-out__btn").click()
        call.locator(".execute").click()
        answer = call.locator(".live-responses-table")
        answer.wait_for()
        status = answer.locator("tbody .response-col_status").first.inner_text().split()[0]
        return int(status), json.loads(answer.locator("tbody .highlight-code code").first.inner_text())


# The documented password is only accepted in development.
@pytest.mark.parametrize("server", [DEVELOPMENT], indirect=True)
def test_the_samples_of_swagger_ui_work_after_authorizing(page, server):
    docs = Docs(page)
    assert docs.run("accounts", "register") == (201, {"message": "Customer registered successfully"})
    status, tokens = docs.run("accounts", "login")
    assert (status, set(tokens)) == (200, {"refresh", "access"})
    docs.authorize(server.admin)

    bat = {"id": 1, "name": "Bat", "price": "1200.00", "quantity": 10}
    assert docs.run("products", "product_create") == (201, bat)
    assert docs.run("products", "product_list") == (200, [bat])
    assert docs.run("products", "product_put") == (200, bat | {"quantity": 15})
    assert docs.run("stock", "stock_adjust") == (200, bat | {"quantity": 13})
    assert docs.run("orders", "order_create")[0] == 201
    assert docs.run("orders", "order_confirm")[1]["status"] == "confirmed"
    assert docs.run("reports", "sales_report")[0] == 200
    assert docs.run("products", "product_delete") == (200, {"message": "Product deleted"})
