"""Without the database, everything that needs it is a 503 with Retry-After; everything else still works."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection

from .routes import all_routes

SECRET = "a secret address"
STATIC = ["static/accounts/send_once.js", "static/unfold/css/styles.css"]
WITHOUT_DATABASE = ["", "api/docs/", "api/schema/", "favicon.ico", "healthz/", *STATIC]
NOWHERE = ["nowhere/", "api/nowhere/", "admin/nowhere/"]
ARGUMENTS = {
    "<int:pk>": "1",
    "<path:object_id>": "1",
    "<path:content_type_id>": "1",
    "<id>": "1",
    "^(?P<app_label>products|orders|accounts)/$": "orders/",
    "(?P<url>.*)$": "some/page/",
}


def path_of(route):
    for placeholder, value in ARGUMENTS.items():
        route = route.replace(placeholder, value)
    return route


PATHS = sorted({*map(path_of, all_routes()), *STATIC, *NOWHERE})


def away(execute, sql, params, many, context):
    raise OperationalError(f"could not connect to server: {SECRET}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("with_session", [True, False])
def test_no_path_breaks_without_the_database(client, site, api, admin, path, with_session):
    caller = site if with_session else client
    headers = {"Authorization": api(admin)._credentials["HTTP_AUTHORIZATION"]} if with_session else {}
    body = {"username": "anna", "password": "anna's secret"}

    for method in ("get", "head", "post", "put", "delete"):
        with connection.execute_wrapper(away):
            response = getattr(caller, method)(f"/{path}", body, content_type="application/json", headers=headers)
            content = b"".join(response)
        response.close()

        assert response.status_code < 500 or response.headers["Retry-After"] == "5"
        assert SECRET.encode() not in content


@pytest.mark.parametrize("path", ["admin/", "admin/login/", "admin/jsi18n/", "admin/nowhere/", "api/products/"])
def test_a_page_that_needs_the_database_is_a_503(site, api, admin, path):
    headers = {"Authorization": api(admin)._credentials["HTTP_AUTHORIZATION"]}

    with connection.execute_wrapper(away):
        response = site.get(f"/{path}", headers=headers)

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/logout/"])
def test_a_form_that_needs_the_database_is_a_503(client, admin, path):
    client.force_login(admin)

    with connection.execute_wrapper(away):
        response = client.post(path, {"username": "anna", "password": "anna's secret"})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", WITHOUT_DATABASE)
def test_a_page_that_does_not_need_the_database_works_without_it(site, path):
    with connection.execute_wrapper(away):
        response = site.get(f"/{path}")
    response.close()

    assert response.status_code in (200, 302)


def test_a_session_that_cannot_be_saved_is_a_503(client, admin, monkeypatch):
    def save(session, must_create=False):
        if not must_create:
            raise OperationalError(SECRET)
        return original(session, must_create)

    original = SessionStore.save
    monkeypatch.setattr(SessionStore, "save", save)

    response = client.post("/admin/login/", {"username": "anna", "password": "anna's secret"})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
