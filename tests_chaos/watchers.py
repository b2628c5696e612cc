"""Programs that read the feeds, somebody with several devices, and somebody in the admin site."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests_live.admin_site import FORM
from tests_live.server import PASSWORD

from .callers import Caller

NEXT = re.compile(r'<https?://[^/]+(/[^>]*)>; rel="next"')


def next_path(record):
    """Return the path of the next page, or None."""
    found = NEXT.search(record.answer_headers.get("link", ""))
    return found and found[1]


class Follower(Caller):
    """Reads a feed, page by page."""

    def __init__(self, *arguments, path, **options):
        super().__init__(*arguments, **options)
        self.path = path

    def act(self):
        record = self.get(self.path)
        self.path = next_path(record)
        if not record.answer:
            time.sleep(0.3)


class Newcomer(Follower):
    """Starts over at the end of a feed now and then, each time under a new name."""

    def __init__(self, *arguments, name, path, **options):
        super().__init__(*arguments, name=name, path=path, **options)
        self.first_name, self.beginning = name, path

    def act(self):
        if self.random.random() < 1 / 10:
            self.name, self.path = self.note(self.first_name), self.beginning
        super().act()


class Devices(Caller):
    """Refreshes the same token on several devices at once, and logs out now and then."""

    DEVICES = 3

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.others = [
            Caller(self.shop, self.records, f"{self.name} {number}", self.user) for number in range(self.DEVICES)
        ]

    def act(self):
        self.tokens = self.logged_in()
        for _ in range(self.random.randint(1, 3)):
            self.tokens = self.refreshed_at_once() or self.logged_in()
            self.get("/api/accounts/me/")
            time.sleep(self.random.uniform(0, 1))
        if self.random.random() < 1 / 2:
            refresh = {"refresh": self.tokens["refresh"]}
            self.call("POST", "/api/logout/", refresh, public=True)
            self.call("POST", "/api/login/refresh/", refresh, public=True)
        self.tokens = None

    def refreshed_at_once(self):
        for device in self.others:
            device.tokens = self.tokens
        with ThreadPoolExecutor(self.DEVICES) as threads:
            answers = list(threads.map(Caller.refreshed, self.others))
        return next(filter(None, answers), None)

    def close(self):
        for caller in self.others:
            caller.close()
        super().close()


class Visitor(Caller):
    """An Admin who reads pages of the admin site."""

    PAGES = ("/admin/", "/admin/products/product/", "/admin/orders/order/", "/admin/orders/order/?q=order")
    LOGIN = "/admin/login/?next=/admin/"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cookies = SimpleCookie()

    def act(self):
        if self.page("GET", self.random.choice(self.PAGES)).status == 302:
            self.log_in()
        time.sleep(1)

    def log_in(self):
        self.page("GET", self.LOGIN)
        form = {"username": self.user, "password": PASSWORD, "csrfmiddlewaretoken": self.cookies["csrftoken"].value}
        self.page("POST", self.LOGIN, urlencode(form).encode(), FORM)

    def page(self, method, path, form=None, headers=None):
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self.cookies.items())
        record = self.call(method, path, form, {"Cookie": cookies} | (headers or {}), public=True)
        record.answer = None  # pages are long, and nobody looks at them again
        return record

    def send(self, record):
        answer = super().send(record)
        for header in answer.headers.get_all("Set-Cookie", []) if answer else []:
            self.cookies.load(header)
        return answer
