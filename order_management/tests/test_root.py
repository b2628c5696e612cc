"""GET /api/ lists the URLs to start from."""

import pytest
from django.urls import resolve

from order_management.api.views import PATHS, not_found


def test_the_root_has_the_urls_to_start_from_and_the_version(client):
    answer = client.get("/api/").json()

    assert list(answer) == [
        *["docs", "schema", "login", "register", "products", "orders", "events", "stock", "reports", "version"]
    ]
    assert answer["login"] == "http://testserver/api/login/"
    assert answer["events"] == "http://testserver/api/orders/events/"
    assert answer["stock"] == "http://testserver/api/products/stock/"
    assert answer["version"] == client.get("/api/schema/").json()["info"]["version"]


@pytest.mark.parametrize("name", sorted(PATHS))
def test_each_url_leads_somewhere(name):
    assert resolve(PATHS[name]).func is not not_found


def test_the_urls_are_those_of_the_caller(client, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]

    answer = client.get("/api/", headers={"Host": "shop.example:8443"}, secure=True).json()

    assert answer["orders"] == "https://shop.example:8443/api/orders/"


@pytest.mark.parametrize("token", ["Bearer stale", "Basic YTpi", "x"])
def test_the_root_ignores_the_authorization_header(client, token):
    assert client.get("/api/", headers={"Authorization": token}).status_code == 200


def test_the_root_answers_without_the_database(client):
    # A test without the `db` fixture may not query it.
    assert client.get("/api/").status_code == 200
    assert client.head("/api/").content == b""
    assert client.post("/api/").status_code == 405
