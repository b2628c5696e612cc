"""Debian's Chromium, driven by Playwright, and what it complains of."""

import contextlib

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Root has no sandbox; and nothing may call home.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@contextlib.contextmanager
def page_of(browser, base_url, **options):
    """Give a new page, with nothing kept from others; fail if it logged an error or asked any other machine."""
    page = browser.new_context(base_url=base_url, **options).new_page()
    complaints = page.complaints = []
    page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: is_foreign(request.url, base_url) and complaints.append(request.url))
    try:
        yield page
    finally:
        page.context.close()
    assert not complaints, complaints


def is_foreign(url, base_url):
    return not url.startswith((f"{base_url}/", "data:", "blob:"))


def log_in(page, username, password):
    """Log in to the admin site."""
    page.goto("/admin/login/")
    page.fill("#id_username", username)
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
