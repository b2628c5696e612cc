"""Orders in the admin site, in a browser: on a desktop and on a phone, and once by keyboard alone."""

import pytest

from .admin_site import AdminSite
from .browser import browser, log_in, page_of, use_session
from .databases import ON_POSTGRES
from .hands import Keyboard
from .server import ADMIN, PASSWORD

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the pages are the same")
LIST = "/admin/orders/order/"
CUSTOMER = {"first_name": "Arjun", "last_name": "Mehta", "email": "arjun@shop.example"}
LOOKS = [(1280, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture(params=LOOKS, ids=["desktop", "phone"])
def desk(request, chromium, server):
    """A page of an Admin that must never be wider than the screen."""
    width, colors = request.param
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": colors}
    with page_of(chromium, f"http://127.0.0.1:{server.port}", **options) as page:
        use_session(page, AdminSite(server))
        yield page
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def orders(server):
    """Two orders of Arjun Mehta, of a product of their own."""
    server.call("PATCH", "/api/accounts/me/", CUSTOMER, server.customer)
    product = server.create_product(name=f"Kite {len(server.products())}", quantity=9)
    items = {"items": [{"product": product["id"], "quantity": 2}], "note": "leave it at the gate"}
    return [server.call("POST", "/api/orders/", items, server.customer).body for _ in range(2)]


def name_of(order):
    return order["items"][0]["name"]


def open_actions(page):
    """Show the buttons of the header, which a phone has behind three dots."""
    dots = page.get_by_text("more_horiz", exact=True).first
    if dots.is_visible():
        dots.click()


def listed(page):
    return {int(text) for text in page.locator("th.field-id").all_inner_texts()}


@pytest.mark.parametrize("search", ["#{id}", "{id}", "Arjun Mehta", "arjun@shop", "{name}", "gate"])
def test_the_search_finds_an_order(desk, orders, search):
    [first, _] = orders
    desk.goto(LIST)
    desk.get_by_placeholder("Number, customer, product or note").fill(
        search.format(id=first["id"], name=name_of(first))
    )
    desk.keyboard.press("Enter")
    desk.wait_for_url("**?q=*")

    assert first["id"] in listed(desk)
    assert desk.get_by_text("the notes of the newest 10,000 orders").is_visible()


def confirm_all(page):
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("confirm")
    page.get_by_role("button", name="Run").click()


def test_a_step_of_several_orders_is_summed_up(desk, orders):
    desk.goto(f"{LIST}?q={name_of(orders[0])}")
    confirm_all(desk)
    desk.get_by_text("2 orders are confirmed.").wait_for()
    confirm_all(desk)

    reason = f"Order {orders[0]['id']}: The order is confirmed and cannot become confirmed."
    desk.get_by_text(f"2 orders could not be confirmed. {reason}").wait_for()


def test_an_order_leads_to_its_customer_product_and_movements(desk, orders):
    [order, _] = orders
    desk.goto(f"{LIST}{order['id']}/change/")
    assert desk.get_by_text("Pending", exact=True).is_visible()
    assert desk.get_by_role("link", name="arjun@shop.example").is_visible()
    timeline = desk.get_by_role("region", name="Timeline")
    assert timeline.get_by_role("listitem").first.inner_text().startswith("Placed by Arjun Mehta")

    for link, url in {
        "Arjun Mehta": "**/accounts/user/*/change/",
        name_of(order): "**/products/product/*/change/",
        "Stock movements of this order": "**/stockmovement/?order__exact=*",
    }.items():
        desk.get_by_role("link", name=link).first.click()
        desk.wait_for_url(url)
        if "movements" not in link:
            desk.go_back()
    assert desk.locator("td.field-delta, td[class*='field-delta']").all_inner_texts() == ["-2"]


def test_an_order_is_cancelled_only_if_the_dialog_is_confirmed(desk, orders):
    [order, _] = orders
    desk.goto(f"{LIST}{order['id']}/change/")
    for button, text in [("Keep it", "Placed by Arjun Mehta"), ("Cancel order", f"Order {order['id']} is cancelled.")]:
        open_actions(desk)
        desk.get_by_role("link", name="Cancel order").click()
        dialog = desk.get_by_role("dialog", name="Cancel this order?")
        dialog.get_by_role("button", name=button).click()
        dialog.wait_for(state="hidden")
        desk.get_by_text(text).first.wait_for()

    assert desk.get_by_text("Cancelled by").is_visible()


def test_the_export_button_says_how_many_orders_and_the_file_of_which_days(desk, orders):
    desk.goto(f"{LIST}?q={name_of(orders[0])}&created_at_from=2026-01-01&created_at_to=2099-12-31")
    open_actions(desk)
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Export 2 orders").click()

    assert download.value.suggested_filename == "orders-2026-01-01-to-2099-12-31.csv"
    rows = download.value.path().read_text("utf-8-sig").splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [order["id"] for order in reversed(orders)]


def test_an_order_is_confirmed_without_javascript(chromium, server, orders):
    [order, _] = orders
    with page_of(chromium, f"http://127.0.0.1:{server.port}", java_script_enabled=False) as page:
        log_in(page, ADMIN, PASSWORD)
        page.goto(f"{LIST}?q={name_of(order)}")
        page.get_by_role("link", name=str(order["id"]), exact=True).click()
        page.get_by_role("link", name="Confirm order").click()
        page.get_by_role("link", name="Keep it pending").click()
        page.get_by_role("link", name="Confirm order").click()
        page.get_by_label("Note").fill("paid")
        page.get_by_role("button", name="Confirm order").click()
        page.get_by_text(f"Order {order['id']} is confirmed.").wait_for()


def test_unsaved_changes_warn(desk, server):
    warnings = []
    desk.on("dialog", lambda dialog: (warnings.append(dialog.type), dialog.accept()))
    for path, change in [
        ("products/product/add/", True),
        ("accounts/user/add/", True),
        ("products/product/add/", False),
    ]:
        desk.goto(f"/admin/{path}")
        if change:
            desk.locator("#content-main input[type=text]").first.press_sequentially("x")
    desk.goto(LIST)

    assert warnings == ["beforeunload", "beforeunload"]


def tab_to(page, name):
    """Press Tab until the element with this text or label has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if name in page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText || ''"):
            return
    pytest.fail(f"{name} cannot be reached with Tab.")


def test_an_order_is_found_and_moved_along_by_keyboard_alone(desk, orders):
    [order, _] = orders
    desk.goto(LIST)
    desk.keyboard.press("/")
    desk.keyboard.type(f"#{order['id']}")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**?q=*")
    Keyboard(desk).reach(desk.get_by_role("link", name=str(order["id"]), exact=True))
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/change/*")
    if desk.get_by_text("more_horiz", exact=True).is_visible():
        tab_to(desk, "more_horiz")
        desk.keyboard.press("Enter")
    tab_to(desk, "Confirm order")
    desk.keyboard.press("Enter")
    desk.get_by_role("dialog", name="Confirm this order?").wait_for()
    desk.keyboard.type("paid")  # the note has the focus
    desk.keyboard.press("Enter")
    desk.get_by_text(f"Order {order['id']} is confirmed.").wait_for()

    assert desk.get_by_role("region", name="Timeline").get_by_text("paid").is_visible()
