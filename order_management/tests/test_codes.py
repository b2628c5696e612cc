"""Every code can be provoked, and api.md says what to do about it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.urls import path

from order_management.exceptions import Code
from order_management.urls import urlpatterns as ours
from orders.models import Order

PAGE = Path(__file__).resolve().parents[2] / "docs/api.md"
STRANGER = {"username": "carl", "password": "a guess"}


def broken(request):
    raise RuntimeError


urlpatterns = [path("api/broken/", broken), *ours]


@pytest.fixture
def shop(api, admin, customer, bat, order):
    """Clients, and the paths of a product and of the customer's order of it."""

    class Shop:
        nobody, anna, carl = api(), api(admin), api(customer)
        product, order_path = f"/api/products/{bat.pk}/", f"/api/orders/{order.pk}/"

        def place(self, quantity=1, key=None, **fields):
            items = [{"product": bat.pk, "quantity": quantity}]
            headers = {"Idempotency-Key": key} if key else {}
            return self.carl.post("/api/orders/", {"items": items} | fields, headers=headers)

        def return_too_much(self):
            Order.objects.update(status="delivered")
            return self.anna.post(f"{self.order_path}return/", {"items": [{"product": bat.pk, "quantity": 3}]})

        def change_stock(self, **change):
            return self.anna.post("/api/products/stock/", {"changes": [{"product": bat.pk} | change]})

        def own_access(self):
            return self.anna.patch(f"/api/accounts/users/{admin.pk}/", {"is_active": False})

    return Shop()


def over_plain_http(shop):
    with override_settings(SECURE_SSL_REDIRECT=True):
        return shop.nobody.post("/api/login/", STRANGER)


def key_reused(shop):
    shop.place(key="a")
    return shop.place(quantity=2, key="a")


def too_many_orders(shop):
    with override_settings(ORDER_RATE=(1, timedelta(hours=1))):
        return shop.place()


def bug(shop):
    with override_settings(ROOT_URLCONF=__name__):
        return Client(raise_request_exception=False).get("/api/broken/")


def database_away(shop):
    def refuse(*args):
        raise OperationalError

    with connection.execute_wrapper(refuse):
        return shop.carl.get(shop.product)


def sending(body="{}", content_type="application/json", path="/api/login/", **extra):
    return lambda shop: shop.nobody.generic("POST", path, body, content_type, **extra)


ROWS = [
    # code, status, how to provoke it
    ("parse_error", 400, sending("{")),
    ("parse_error", 400, sending("[]")),
    ("parse_error", 400, lambda shop: shop.carl.post("/api/orders/", "null", content_type="application/json")),
    ("parse_error", 400, lambda shop: shop.anna.put(shop.product, "1", content_type="application/json")),
    ("parse_error", 400, sending(headers={"Host": "evil.example"})),
    ("parse_error", 400, sending(CONTENT_LENGTH="x")),
    ("parse_error", 400, lambda shop: shop.carl.get(f"/api/products/?{'a&' * 1001}")),
    ("not_authenticated", 401, lambda shop: shop.nobody.get(shop.product)),
    ("not_authenticated", 401, lambda shop: shop.nobody.get(shop.product, headers={"Authorization": "Basic YTpi"})),
    ("token_not_valid", 401, lambda shop: shop.nobody.get(shop.product, headers={"Authorization": "Bearer eyJ..."})),
    ("token_not_valid", 401, sending('{"refresh": "eyJ..."}', path="/api/login/refresh/")),
    ("token_not_valid", 401, sending('{"refresh": "eyJ..."}', path="/api/logout/")),
    ("no_active_account", 401, lambda shop: shop.nobody.post("/api/login/", STRANGER)),
    ("permission_denied", 403, lambda shop: shop.carl.delete(f"{shop.product}delete/")),
    ("permission_denied", 403, lambda shop: shop.carl.get("/api/products/?low_stock=1")),
    ("permission_denied", 403, lambda shop: shop.carl.get("/api/products/?deleted=false")),
    ("https_required", 403, over_plain_http),
    ("not_found", 404, lambda shop: shop.carl.get("/api/products/0/")),
    ("not_found", 404, lambda shop: shop.carl.get("/api/nothing/")),
    ("not_found", 404, lambda shop: shop.carl.post("/api/orders", {})),
    ("not_found", 404, lambda shop: shop.carl.get("/api/" + "x" * 1000)),
    ("method_not_allowed", 405, lambda shop: shop.carl.delete(shop.order_path)),
    ("method_not_allowed", 405, lambda shop: shop.nobody.post("/api/docs/")),
    ("out_of_stock", 409, lambda shop: shop.place(quantity=99)),
    ("total_differs", 409, lambda shop: shop.place(expected_total=1)),
    ("illegal_step", 409, lambda shop: shop.anna.post(f"{shop.order_path}ship/")),
    ("not_returnable", 409, lambda shop: shop.return_too_much()),
    ("stock_out_of_bounds", 409, lambda shop: shop.anna.post(f"{shop.product}stock/", {"delta": -99})),
    ("stock_out_of_bounds", 409, lambda shop: shop.change_stock(delta=-99)),
    ("stock_differs", 409, lambda shop: shop.change_stock(quantity=5, expected=9)),
    ("not_deleted", 409, lambda shop: shop.anna.post(f"{shop.product}restore/")),
    ("own_access", 409, lambda shop: shop.own_access()),
    ("length_required", 411, sending(headers={"Transfer-Encoding": "chunked"})),
    ("precondition_failed", 412, lambda shop: shop.anna.put(shop.product, {}, headers={"If-Match": '"old"'})),
    ("too_large", 413, sending(" " * (1024 * 1024 + 1))),
    ("uri_too_long", 414, lambda shop: shop.carl.get("/api/products/", {"search": "x" * 4000})),
    ("unsupported_media_type", 415, sending(content_type="text/plain")),
    ("unsupported_media_type", 415, sending(headers={"Content-Encoding": "gzip"})),
    ("key_reused", 422, key_reused),
    ("throttled", 429, too_many_orders),
    ("error", 500, bug),
    ("unavailable", 503, database_away),
]


@pytest.mark.parametrize(("code", "status", "provoke"), ROWS, ids=[code for code, *_ in ROWS])
def test_an_error_has_its_code_beside_the_detail(shop, code, status, provoke):
    response = provoke(shop)

    assert response.status_code == status
    assert list(response.json())[:2] == ["detail", "code"]
    assert response.json()["code"] == code


def test_every_code_is_provoked():
    assert {code for code, *_ in ROWS} == set(Code)


def test_errors_by_field_have_no_code(shop):
    assert list(shop.place(quantity=0).json()) == ["items"]
    assert list(shop.anna.get("/api/products/?page_size=0").json()) == ["page_size"]


def test_only_conflicts_have_extra_keys(shop):
    assert list(shop.place(quantity=99).json()) == ["detail", "code", "items"]
    assert list(shop.place(expected_total=1).json()) == ["detail", "code", "total"]
    assert list(shop.change_stock(delta=-99).json()) == ["detail", "code", "items"]
    assert list(shop.own_access().json()) == ["detail", "code"]


def test_the_schema_lists_the_codes(api):
    assert set(api().get("/api/schema/").json()["components"]["schemas"]["CodeEnum"]["enum"]) == set(Code)


def test_the_api_page_says_what_to_do_about_each_code():
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .+ \| .+ \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted((code, int(status)) for status, code in rows) == sorted({(code, status) for code, status, _ in ROWS})
