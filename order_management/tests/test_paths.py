import pytest
from django.db import InternalError, OperationalError, connection
from django.test import Client
from django.urls import path

from order_management.urls import urlpatterns as ours

both_modes = pytest.mark.parametrize("debug", [True, False])


def broken(request):
    raise RuntimeError("a secret")


urlpatterns = [path("api/broken/", broken), path("broken/", broken), *ours]


@both_modes
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("url", ["/api/nothing", "/api/nothing/", "/api/products/x/", "/nothing/"])
def test_an_unknown_path_is_a_404_in_json(client, settings, debug, method, url):
    settings.DEBUG = debug

    response = getattr(client, method)(url)

    assert response.status_code == 404
    assert response.json() == {"detail": "There is nothing at this path.", "code": "not_found"}


@both_modes
def test_a_get_without_the_slash_is_redirected(client, settings, debug):
    settings.DEBUG = debug

    moved = {"/api/products?a=1&b": "/api/products/?a=1&b", "/api": "/api/", "/admin": "/admin/"}
    for url, target in moved.items():
        response = client.get(url)
        assert (response.status_code, response["Location"]) == (301, target)


@both_modes
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_without_the_slash_get_a_404_that_names_the_path(client, settings, debug, method):
    settings.DEBUG = debug

    for url in ("/api", "/api/products/create"):
        response = getattr(client, method)(url)
        assert response.status_code == 404
        assert response.json() == {"detail": f"Paths end in a slash: {url}/", "code": "not_found"}


def test_no_path_redirects_to_another_host(client):
    for path_info in ("//evil.example", "//evil.example/api/products", "/api//evil.example"):
        assert client.get("/", PATH_INFO=path_info).status_code == 404


def test_no_call_needs_a_csrf_token():
    client = Client(enforce_csrf_checks=True)

    assert client.post("/api/products/create").status_code == 404
    assert client.post("/api/login/", {}, content_type="application/json").status_code == 400


def test_too_many_query_parameters_are_refused(api, customer):
    response = api(customer).get(f"/api/products/?{'a&' * 1001}")

    assert (response.status_code, response.json()) == (
        400,
        {"detail": "There are too many query parameters.", "code": "parse_error"},
    )


ORIGIN = {"HTTP_ORIGIN": "https://shop.example"}


def test_other_origins_may_not_call(client):
    call = client.get("/api/products/", **ORIGIN)
    preflight = client.options("/api/products/", HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET", **ORIGIN)

    for response in (call, preflight):
        assert response.status_code == 401
        assert "Access-Control-Allow-Origin" not in response
        assert "origin" not in response.get("Vary", "")


def test_origins_in_the_settings_may_call(client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    asked = {"HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "idempotency-key"}

    preflight = client.options("/api/orders/", **ORIGIN, **asked)
    answer = client.get("/api/products/", **ORIGIN)

    assert (preflight.status_code, answer.status_code) == (200, 401)
    for response in (preflight, answer):
        assert response["Access-Control-Allow-Origin"] == "https://shop.example"
    allowed = set(preflight["Access-Control-Allow-Headers"].split(", "))
    assert {"if-match", "if-none-match", "idempotency-key", "authorization"} <= allowed
    assert {"prefer", "x-request-id", "traceparent"} <= allowed
    exposed = "Link, ETag, Location, Retry-After, Idempotent-Replayed, X-Request-ID, Total-Count, Preference-Applied"
    assert answer["Access-Control-Expose-Headers"] == exposed
    assert "Access-Control-Allow-Origin" not in client.get("/admin/", **ORIGIN)


def test_a_wrong_method_is_a_405_that_lists_the_right_ones(api, admin):
    response = api(admin).delete("/api/products/")

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response.json() == {"detail": "This method is not allowed.", "code": "method_not_allowed"}


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("post", "/api/products/", "POST /api/products/create/"),
        ("delete", "/api/products/12/", "DELETE /api/products/12/delete/"),
        ("delete", "/api/products/0012/", "DELETE /api/products/12/delete/"),
    ],
)
def test_a_405_names_the_call_that_was_meant(api, admin, method, path, right):
    response = getattr(api(admin), method)(path, {})

    assert response.status_code == 405
    assert method.upper() not in response["Allow"]
    assert response.json()["detail"] == f"This method is not allowed. Use {right}"


@pytest.mark.parametrize("path", ["/api/products/{}/", "/api/products/{}/delete/"])
def test_a_405_does_not_repeat_a_long_path(api, admin, path):
    response = api(admin).delete(path.format("1" * 900))

    assert response.status_code in (404, 405)
    assert len(response.content) < 200


@both_modes
def test_errors_of_the_docs_page_are_json(client, settings, debug):
    settings.DEBUG = debug

    response = client.post("/api/docs/")

    assert (response.status_code, response.json()) == (
        405,
        {"detail": "Method Not Allowed.", "code": "method_not_allowed"},
    )
    assert response["Allow"] == "GET, HEAD"
    assert client.options("/api/docs/").status_code == 405


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=0.1", "nonsense", "", "*/*;q=0"])
def test_the_accept_header_is_ignored(api, customer, bat, accept):
    response = api(customer).get("/api/products/?format=xml", HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


@both_modes
def test_an_unknown_host_is_refused_in_json(client, settings, debug):
    settings.DEBUG = debug

    response = client.get("/api/products/", HTTP_HOST="evil.example")

    assert (response.status_code, response.json()) == (400, {"detail": "Bad Request.", "code": "parse_error"})


@both_modes
@pytest.mark.urls(__name__)
def test_a_bug_is_a_500_in_json_without_details(settings, debug):
    settings.DEBUG = debug

    response = Client(raise_request_exception=False).get("/api/broken/")

    assert (response.status_code, response.json()) == (500, {"detail": "Internal Server Error.", "code": "error"})
    assert response["Cache-Control"] == "no-store"


# Django raises InternalError if PostgreSQL has ended the session because it was idle in a transaction.
@pytest.mark.parametrize("error", [OperationalError, InternalError])
@pytest.mark.parametrize("call", ["/api/products/", "/api/login/"])
def test_a_call_without_the_database_is_a_503(api, customer, call, error):
    client = api(customer)

    def away(execute, sql, params, many, context):
        raise error("could not connect to server: a secret address")

    with connection.execute_wrapper(away):
        response = client.post(call, {"username": "a", "password": "b"}) if "login" in call else client.get(call)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json() == {"detail": "The database is not available. Try again.", "code": "unavailable"}
