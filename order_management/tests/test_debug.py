"""What development mode reveals about errors outside the API; under /api/ errors are JSON in both modes."""

from uuid import uuid4

import pytest
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import path

from order_management.urls import urlpatterns as ours

SECRET = uuid4().hex
ERRORS = {"bug": ValueError, "bad": BadRequest, "suspicious": SuspiciousOperation, "missing": Http404}
BUG = "/broken/bug/"


def broken(request, kind):
    password = SECRET  # noqa: F841  # as in a stack frame of a database driver
    raise ERRORS[kind]("What went wrong.")


urlpatterns = [path("broken/<kind>/", broken), *ours]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _development(settings):
    settings.DEBUG = True
    settings.UNUSUAL_SETTING = SECRET


@pytest.fixture(params=["text/html", "application/json"])
def get(request, db):
    """A function that requests a page as granian does, with the process environment among the headers."""
    environment = {"DATABASE_URL": SECRET, "HOME": SECRET, "HTTP_TOKEN_OF_SOMETHING": SECRET}
    client = Client(raise_request_exception=False, HTTP_ACCEPT=request.param, **environment)
    return client.get


ODD = [*(f"/broken/{kind}/" for kind in ERRORS), "/admin/nothing/", "/nothing/", f"/admin/?{'a&' * 1500}"]
ODD += ["/static/nothing.css", "/admin/login/?next=%00", "/admin/products/product/x/change/", "/admin/jsi18n/x"]


@pytest.mark.parametrize("url", ODD)
def test_no_error_page_shows_environment_settings_or_variables(get, url):
    content = get(url).content.decode()

    assert SECRET not in content
    assert "UNUSUAL_SETTING" not in content
    assert "DATABASE_URL" not in content


def test_the_developer_sees_the_traceback(get):
    response = get(BUG)

    assert response.status_code == 500
    assert "What went wrong." in response.content.decode()
    assert "test_debug.py" in response.content.decode()


@pytest.mark.parametrize("caller", [{"REMOTE_ADDR": "192.168.1.20"}, {"HTTP_X_FORWARDED_FOR": "192.168.1.20"}])
def test_other_callers_do_not_see_the_traceback(get, caller):
    response = get(BUG, **caller)

    assert response.status_code == 500
    assert "Server Error (500)" in response.content.decode()
    assert "test_debug.py" not in response.content.decode()


@pytest.mark.parametrize("url", ["/admin/", "/static/nothing.css", "/nothing", "/broken/bad/", "/broken/suspicious/"])
def test_an_unknown_host_gets_a_plain_response_whatever_else_is_wrong(get, url):
    response = get(url, HTTP_HOST="evil.example")

    assert response.status_code in (400, 404)
    assert len(response.content) < 500
    assert "Traceback" not in response.content.decode()


def test_the_csrf_error_page_shows_no_secret(db):
    response = Client(enforce_csrf_checks=True, DATABASE_URL=SECRET).post("/admin/login/")

    assert response.status_code == 403
    assert SECRET not in response.content.decode()
