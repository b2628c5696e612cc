"""axe-core finds nothing serious or moderate on any page, in light and dark mode and on a phone."""

import shutil
import subprocess

import pytest

from order_management.tests.routes import all_routes

from .admin_site import AdminSite
from .browser import browser, page_of, use_session, wait_until_shown
from .databases import ON_POSTGRES
from .hands import Mouse
from .server import ROOT

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the pages are the same")
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
# Paths with a query string, for pages in a state that a path alone does not lead to.
STATES = [
    "accounts/user/?q=nobody",
    "accounts/user/?e=1",
    "orders/order/?status__exact=pending",
    "products/product/?o=2.1",
    "?days=7",
]
RUN = "axe.run(document, {resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    for file in (ROOT / "tests_live/axe").glob("package*.json"):
        shutil.copy(file, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def ids(server):
    """An id for each model: a pending order of carl, its product, and carl, who cannot be deleted."""
    product = server.create_product(quantity=3)
    items = {"items": [{"product": product["id"], "quantity": 1}]}
    order = server.call("POST", "/api/orders/", items, server.customer).body
    [carl] = server.call("GET", "/api/accounts/users/?search=carl", token=server.admin).body
    return {"products/product/": product["id"], "orders/order/": order["id"], "accounts/user/": carl["id"]}


@pytest.fixture(scope="module")
def dialogs(server, ids):
    """The page of each dialog, and the button that opens it."""
    product, order = ids["products/product/"], ids["orders/order/"]
    deleted = server.create_product(name="Deleted")["id"]
    server.call("DELETE", f"/api/products/{deleted}/delete/", token=server.admin)
    items = {"items": [{"product": product, "quantity": 1}]}
    delivered = server.call("POST", "/api/orders/", items, server.customer).body["id"]
    for step in ("confirm", "ship", "deliver"):
        server.call("POST", f"/api/orders/{delivered}/{step}/", {}, server.admin)
    return {
        f"orders/order/{order}/change/": "Confirm order",
        f"orders/order/{order}/change/?": "Cancel order",
        f"orders/order/{delivered}/change/": "Return items",
        f"products/product/{product}/change/": "Adjust stock",
        f"products/product/{deleted}/change/": "Restore",
    }


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture(params=LOOKS)
def page(request, chromium, server, axe):
    with page_of(chromium, f"http://127.0.0.1:{server.port}", **LOOKS[request.param]) as page:
        page.context.add_init_script(axe)
        yield page


@pytest.fixture
def admin_page(page, server):
    use_session(page, AdminSite(server))
    return page


def violations(page):
    """Return what axe finds on the page as it is now: the rule, the element and the reason."""
    return [
        (page.url, violation["id"], node["html"][:200], node["failureSummary"])
        for violation in page.evaluate(RUN)["violations"]
        if violation["impact"] != "minor"
        for node in violation["nodes"]
    ]


def is_document(page, path):
    """Return whether a path is a page: not a file, data, a part of a page or a redirect."""
    response = page.request.get(path, max_redirects=0)
    is_html = response.headers.get("content-type", "").startswith("text/html")
    return response.status == 200 and is_html and "<html" in response.text()


def pages(page, ids):
    """Yield the path of every page of the admin site."""
    routes = {route.removeprefix("admin/") for route in all_routes() if route.startswith("admin/")}
    for route in sorted(routes - {"logout/", "login/"}) + STATES:
        pk = next((pk for prefix, pk in ids.items() if route.startswith(prefix)), 1)
        path = "/admin/" + route.replace("<path:object_id>", str(pk)).replace("<id>", str(pk))
        if "<" not in path and "(" not in path and is_document(page, path):
            yield path


def open_page(page, path):
    page.goto(path)
    wait_until_shown(page)


def test_no_page_of_the_admin_site_has_a_violation(admin_page, ids):
    paths, found = list(pages(admin_page, ids)), []
    for path in paths:
        open_page(admin_page, path)
        found += violations(admin_page)

    assert len(paths) > 25, paths
    assert not found


def test_no_dialog_has_a_violation(admin_page, dialogs):
    found = []
    for path, button in dialogs.items():
        open_page(admin_page, f"/admin/{path}")
        Mouse(admin_page).press(button)
        dialog = admin_page.get_by_role("dialog")
        dialog.wait_for()
        found += violations(admin_page)

    assert not found


@pytest.mark.parametrize("path", ["accounts/user/", "orders/order/", "products/product/"])
def test_neither_the_filters_nor_the_menu_for_selected_rows_have_a_violation(admin_page, ids, path):
    open_page(admin_page, f"/admin/{path}")
    admin_page.get_by_role("button", name="Filters").click()
    admin_page.get_by_role("button", name="Apply Filters").wait_for()
    found = violations(admin_page)
    admin_page.keyboard.press("Escape")
    admin_page.locator("input.action-select").first.check()
    admin_page.get_by_label("Select action to run").wait_for()

    assert not found + violations(admin_page)


@pytest.mark.parametrize("action", ["delete_selected", "make_admin", "lock_out"])
def test_no_confirmation_has_a_violation(admin_page, ids, action):
    open_page(admin_page, "/admin/accounts/user/?q=carl")
    admin_page.locator("input.action-select").first.check()
    select = admin_page.locator("select[name=action]")
    select.select_option(action)
    select.evaluate("select => select.form.submit()")
    admin_page.get_by_text("cannot be deleted").or_(admin_page.get_by_text("Go back")).first.wait_for()

    assert not violations(admin_page)


@pytest.mark.parametrize("path", ["products/product/add/", "accounts/user/add/", "products/product/import/"])
def test_no_form_with_errors_has_a_violation(admin_page, path):
    open_page(admin_page, f"/admin/{path}")
    admin_page.locator("main button[type=submit]").last.evaluate("button => button.click()")
    admin_page.get_by_text("required").first.wait_for()
    wait_until_shown(admin_page)

    assert not violations(admin_page)


def test_the_login_page_has_no_violation(page):
    open_page(page, "/admin/login/")
    assert not violations(page)

    page.fill("#id_username", "nobody")
    page.fill("#id_password", "wrong")
    page.click("button[type=submit]")
    page.get_by_text("correct").first.wait_for()
    assert not violations(page)


def test_the_docs_of_the_api_have_no_violation(page):
    page.goto("/api/docs/")
    page.locator(".opblock").first.wait_for()

    assert not violations(page)
