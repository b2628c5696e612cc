"""Requests over plain HTTP with HTTPS on."""

import pytest

REFUSED = {"detail": "Send this call over HTTPS.", "code": "https_required"}
ORIGIN = "https://shop.example"


@pytest.fixture(autouse=True)
def _https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options", "trace"])
@pytest.mark.parametrize(
    "path",
    [
        *["/api/login/", "/api/products/1/", "/api/schema/", "/api/", "/api", "/api/nothing/", "/api/products"],
        *["//api/login/", "/api//docs/", "/api/docs/more/", "/api/docsy/", "/api/docs/%0A", "/%61pi/login/"],
    ],
)
def test_a_call_over_plain_http_is_refused_before_anything_else(client, method, path):
    response = getattr(client, method)("/", PATH_INFO=path.replace("%0A", "\n").replace("%61", "a"))

    assert response.status_code == 403
    assert method == "head" or response.json() == REFUSED
    assert response["Content-Type"] == "application/json"
    assert "Strict-Transport-Security" not in response


@pytest.mark.parametrize(
    ("headers", "body", "content_type"),
    [
        ({"Transfer-Encoding": "chunked"}, b"{}", "application/json"),
        ({"Content-Encoding": "gzip"}, b"{}", "application/json"),
        ({}, b" " * 1024 * 1024 + b"{}", "application/json"),
        ({}, b"{", "application/json"),
        ({}, b"name=x", "text/plain"),
        ({"Authorization": "Bearer stale"}, b"{}", "application/json"),
    ],
)
def test_a_call_that_would_be_refused_anyway_gets_the_same_refusal(client, headers, body, content_type):
    response = client.post("/api/orders/", body, content_type, headers=headers)

    assert (response.status_code, response.json()) == (403, REFUSED)


def test_failed_logins_over_plain_http_are_not_counted(client, customer):
    tries = [client.post("/api/login/", {"username": "carl", "password": "?"}, "application/json") for _ in range(12)]
    right = {"username": "carl", "password": "carl's secret"}

    assert {response.status_code for response in tries} == {403}
    assert client.post("/api/login/", right, "application/json", secure=True).status_code == 200


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs", "/", "/admin/", "/admin/login/?next=/admin/", "/nothing/"])
def test_a_page_is_redirected(client, path):
    response = client.get(path)

    assert (response.status_code, response["Location"]) == (301, f"https://testserver{path}")
    assert "Strict-Transport-Security" not in response


def test_calls_over_https_are_answered_with_hsts(client, db):
    response = client.post("/api/login/", {}, "application/json", secure=True)

    assert (response.status_code, response["Strict-Transport-Security"]) == (400, "max-age=3600")


def test_an_allowed_origin_can_read_the_refusal_but_its_preflight_fails(client, settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

    preflight = client.options("/api/login/", headers={"Origin": ORIGIN} | asked)
    call = client.get("/api/products/", headers={"Origin": ORIGIN})

    assert (preflight.status_code, call.status_code) == (403, 403)
    assert call["Access-Control-Allow-Origin"] == ORIGIN


def test_a_health_check_is_answered(client, db):
    assert client.get("/healthz/").status_code == 200
    assert client.get("/readyz/").status_code == 200
