import base64
import hashlib
import re

import pytest

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
PATHS = [
    "/api/products/",
    "/api/docs/",
    "/api/schema/",
    "/admin/login/",
    "/healthz/",
    "/nowhere/",
    "/api/nowhere/",
    "/",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_the_security_headers(client, db, path):
    headers = client.get(path).headers

    assert headers.items() >= EVERYWHERE.items()
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("request_headers", "body", "status"),
    [
        ({"Host": "evil.example"}, "{}", 400),
        ({"Transfer-Encoding": "chunked"}, "{}", 411),
        ({}, " " * 1024 * 1024 + "{}", 413),
    ],
)
def test_early_refusals_have_the_security_headers(client, request_headers, body, status):
    response = client.post("/api/login/", body, "application/json", headers=request_headers)

    assert response.status_code == status
    assert response.headers.items() >= EVERYWHERE.items()
    assert response.headers["Content-Security-Policy"]


def test_an_unknown_host_over_plain_http_is_refused_with_the_headers_too(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get("/api/products/", headers={"Host": "evil.example"})

    assert (response.status_code, response.json()) == (400, {"detail": "Bad Request.", "code": "parse_error"})
    assert response.headers.items() >= EVERYWHERE.items()


def test_a_response_of_the_api_may_load_nothing(client, db):
    policy = client.get("/api/products/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none'")


@pytest.mark.parametrize(
    ("path", "scripts"),
    # Alpine.js, in the admin site, compiles expressions from attributes.
    [("/api/docs/", "'self'"), ("/admin/login/", "'self' 'unsafe-eval'")],
)
def test_a_page_loads_only_from_its_origin_and_has_no_inline_scripts(client, db, path, scripts):
    response = client.get(path)
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == scripts
    assert not re.search(r"<script(?![^>]*\bsrc=)", response.content.decode())
    assert not re.search(r"<[^>]*\son\w+=", response.content.decode())
    for style in re.findall(r"<style>(.*?)</style>", response.content.decode(), re.DOTALL):
        assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy["style-src"]


def test_the_admin_cookies_are_hidden_from_scripts_and_other_sites(client, admin, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True

    response = client.post("/admin/login/", {"username": "anna", "password": "anna's secret"})

    for name in ("sessionid", "csrftoken"):
        cookie = response.cookies[name]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")


def test_production_sends_hsts(client, settings):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600

    response = client.get("/api/docs/", secure=True)

    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
