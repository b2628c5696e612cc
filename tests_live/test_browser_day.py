"""What a shop does every day, as one story in a browser: on a desktop, on a phone, and by keyboard alone."""

import pytest

from .browser import browser, page_of
from .databases import ON_POSTGRES
from .hands import Keyboard, Mouse
from .server import ADMIN, PASSWORD

LOOKS = {"desktop": (1280, Mouse)}
if not ON_POSTGRES:  # where the pages are the same
    LOOKS |= {"phone": (390, Mouse), "keyboard": (1280, Keyboard)}
NEW_PASSWORD = "a better horse 18"
FAILURES = 3


@pytest.fixture(scope="module")
def server(new_server):
    """A server that locks out after a few failed logins."""
    with new_server(THROTTLE_ENABLED="on", LOGIN_FAILURES=str(FAILURES)) as server:
        yield server


class Day:
    """A shop with three pending orders of a customer, and an Admin in front of a screen."""

    def __init__(self, server, page, hands, look):
        self.server, self.page, self.hands = server, page, hands
        self.customer = f"arjun-{look}"
        server.call("POST", "/api/accounts/register/", {"username": self.customer, "password": PASSWORD})
        self.token = server.login(self.customer)["access"]
        server.call("PATCH", "/api/accounts/me/", {"first_name": "Arjun", "last_name": look.title()}, self.token)
        self.product = server.create_product(name=f"Kite {look}", price="7.50", quantity=20)
        items = {"items": [{"product": self.product["id"], "quantity": 2}]}
        orders = [server.call("POST", "/api/orders/", items, self.token).body for _ in range(3)]
        self.orders = [order["id"] for order in orders]

    def open(self, path):
        self.page.goto(f"/admin/{path}")

    def sees(self, text):
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def listed(self):
        return {int(text) for text in self.page.locator("th.field-id").all_inner_texts()}

    def answer(self, question, button, **fields):
        """Fill in the open dialog, press a button, and wait until it is closed."""
        dialog = self.page.get_by_role("dialog", name=question)
        for label, value in fields.items():
            self.hands.fill(label.replace("_", " "), value, within=dialog)
        self.hands.press(button, within=dialog)
        dialog.wait_for(state="hidden")

    def log_in(self):
        self.open("")
        self.hands.fill("Username", ADMIN)
        self.hands.fill("Password", PASSWORD)
        self.hands.press("Log in")

    def see_what_waits(self):
        waiting = self.page.get_by_role("region", name="Waiting")
        for title in ("Pending orders", "Orders to ship", "Products low on stock"):
            waiting.get_by_text(title).wait_for()
        self.hands.press("Pending orders", within=waiting)
        self.page.wait_for_url("**/orders/order/?*")
        assert set(self.orders) <= self.listed()

    def find_the_order(self):
        for text in (f"#{self.orders[0]}", self.page_name, self.product["name"]):
            self.hands.search(text)
            assert self.orders[0] in self.listed()

    @property
    def page_name(self):
        return f"Arjun {self.customer.removeprefix('arjun-').title()}"

    def deliver_the_order(self):
        [order, *_] = self.orders
        self.hands.press(str(order))
        self.hands.press("Confirm order")
        self.answer("Confirm this order?", "Keep it pending")
        for step, status in {"Confirm": "confirmed", "Ship": "shipped", "Deliver": "delivered"}.items():
            self.hands.press(f"{step} order")
            self.answer(f"{step} this order?", f"{step} order", Note=f"{step} it")
            self.sees(f"Order {order} is {status}.")

    def take_one_back(self):
        self.hands.press("Return items")
        dialog = self.page.get_by_role("dialog")
        self.hands.fill(f"{self.product['name']}: 2 of 2 left", "1", within=dialog)
        self.hands.tick("Damaged", within=dialog)
        self.answer("Return items of this order", "Return items")
        self.sees("1 piece is returned.")
        timeline = self.page.get_by_role("region", name="Timeline")
        for text in ("Placed by", "Deliver it", "Returned in part", "(not back in stock)"):
            timeline.get_by_text(text).first.wait_for()

    def confirm_the_others(self):
        self.open("orders/order/")
        self.hands.search(self.product["name"])
        for order in self.orders[1:]:
            self.hands.tick(f"Select Order {order}")
        self.run("Confirm selected orders")
        self.sees("2 orders are confirmed.")

    def run(self, action):
        self.hands.choose("Select action to run", action)
        self.hands.press("Run")

    def order_for_the_customer(self):
        self.open("orders/order/")
        self.hands.press("New order")
        self.hands.pick("Name or email address", self.customer)
        self.hands.pick("Name of the product", self.product["name"])
        self.hands.press("Check")
        self.hands.press("Place order")
        self.sees(f"for {self.customer} was placed")

    def export_the_orders(self):
        self.open("orders/order/")
        self.hands.search(self.product["name"])
        with self.page.expect_download() as download:
            self.hands.press("Export 4 orders")
        assert len(download.value.path().read_text("utf-8-sig").splitlines()) == 5

    def count_the_shelf(self):
        self.open("products/product/")
        self.hands.search(self.product["name"])
        self.hands.press(self.product["name"])
        self.hands.press("Adjust stock")
        self.answer("Adjust stock", "Adjust stock", Or_count="12", Reason="counted")
        self.sees(f"{self.product['name']}: 12 in stock.")
        self.hands.press("Every change of the stock")
        self.page.wait_for_url("**/stockmovement/?*")
        self.sees("counted")

    def delete_the_product_and_restore_it(self):
        self.open(f"products/product/{self.product['id']}/change/")
        self.hands.press("Delete product")
        self.page.wait_for_url("**/delete/")
        self.hands.press("Delete")
        self.sees("was deleted successfully")
        self.hands.press("Filters")
        self.hands.press("Deleted", within=self.page.locator("#changelist-filter"))
        self.hands.press(self.product["name"])
        self.hands.press("Restore")
        self.answer("Restore this product?", "Restore")
        self.sees(f"{self.product['name']} is restored: 12 in stock.")
        self.hands.press("History")
        self.page.wait_for_url("**/history/")

    def give_the_customer_a_new_password(self):
        self.find_the_customer()
        self.hands.press(self.customer)
        self.hands.press("Set password")
        for label in ("Password", "Password confirmation"):
            self.hands.fill(label, NEW_PASSWORD)
        self.hands.press("Change password")
        self.sees("Password changed successfully.")
        assert self.try_to_log_in() == 200

    def find_the_customer(self):
        self.open("accounts/user/")
        self.hands.search(self.customer)

    def try_to_log_in(self, password=NEW_PASSWORD):
        return self.server.call("POST", "/api/login/", {"username": self.customer, "password": password}).status

    def lock_the_customer_out_and_in(self):
        for action, button, done, status in [
            ("Lock out selected users", "Lock out", "Locked out", 401),
            ("Let selected users back in", "Let in", "Let in", 200),
        ]:
            self.find_the_customer()
            self.hands.tick(f"Select {self.customer}")
            self.run(action)
            self.hands.press(button)
            self.sees(f"{done}: {self.customer}.")
            assert self.try_to_log_in() == status

    def let_the_address_in(self):
        assert [self.try_to_log_in("forgotten") for _ in range(FAILURES + 1)][-1] == 429
        self.open("accounts/user/")
        self.hands.press("Locked-out addresses")
        self.sees(self.customer)
        self.hands.press("Let in again")
        self.sees("People at 127.0.0.1 can log in again.")
        assert self.try_to_log_in() == 200


@pytest.mark.parametrize("look", LOOKS)
def test_a_shops_whole_day(server, look):
    width, hands = LOOKS[look]
    options = {"viewport": {"width": width, "height": 844}}
    with browser() as chromium, page_of(chromium, f"http://127.0.0.1:{server.port}", **options) as page:
        day = Day(server, page, hands(page), look)
        day.log_in()
        day.see_what_waits()
        day.find_the_order()
        day.deliver_the_order()
        day.take_one_back()
        day.confirm_the_others()
        day.order_for_the_customer()
        day.export_the_orders()
        day.count_the_shelf()
        day.delete_the_product_and_restore_it()
        day.give_the_customer_a_new_password()
        day.lock_the_customer_out_and_in()
        day.let_the_address_in()
