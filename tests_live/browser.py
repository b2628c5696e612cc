"""Debian's Chromium, driven by Playwright."""

import contextlib
import shutil

from playwright.sync_api import sync_playwright

from .server import WAIT

# The headless shell is the same engine without the user interface, and takes half the CPU.
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
# Root cannot use the sandbox, and the browser must not call home.
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
    """Yield a page in a new context; fail if it logs errors or warnings, or requests anything from another host."""
    page = browser.new_context(base_url=base_url, **options).new_page()
    page.context.set_default_timeout(3 * WAIT * 1000)  # milliseconds, for a busy machine
    errors = page.errors = []
    page.on("console", lambda message: message.type in ("error", "warning") and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: is_external(request.url, base_url) and errors.append(request.url))
    try:
        yield page
    finally:
        page.context.close()
    assert not errors, errors


def is_external(url, base_url):
    return not url.startswith((f"{base_url}/", "data:", "blob:"))


def log_in(page, username, password):
    """Log in to the admin site."""
    page.goto("/admin/login/")
    page.fill("#id_username", username)
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")


def use_session(page, site):
    """Give the page the cookies of an AdminSite, which is faster than logging in on a page."""
    url = f"http://127.0.0.1:{site.server.port}"
    page.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": url} for name, cookie in site.cookies.items()]
    )


def wait_until_shown(page):
    """Wait until Alpine has shown the page."""
    page.wait_for_function("document.readyState === 'complete' && !document.documentElement.hasAttribute('x-cloak')")
