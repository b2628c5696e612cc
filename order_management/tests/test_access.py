"""Who may call what: a row per route and method, with the status for anonymous callers, Customers and Admins."""

import pytest
from django.urls import URLPattern, get_resolver

BAT = {"name": "Bat", "price": 1200, "quantity": 10}
PERSON = {"username": "user1", "password": "1234"}

# fmt: off
TABLE = [
    # method, route, body, status for an anonymous caller, a customer, an admin
    ("post",   "api/accounts/register/",         PERSON,            201, 201, 201),
    ("post",   "api/login/",                     PERSON,            401, 401, 401),
    ("post",   "api/login/refresh/",             {"refresh": "x"},  401, 401, 401),
    ("post",   "api/logout/",                    {"refresh": "x"},  401, 401, 401),
    ("get",    "api/accounts/me/",               None,              401, 200, 200),
    ("patch",  "api/accounts/me/",               {},                401, 200, 200),
    ("post",   "api/accounts/me/password/",      {},                401, 400, 400),
    ("post",   "api/accounts/me/logout-all/",    None,              401, 200, 200),
    ("get",    "api/accounts/users/",            None,              401, 403, 200),
    ("get",    "api/accounts/users/<int:pk>/",   None,              401, 403, 200),
    ("patch",  "api/accounts/users/<int:pk>/",   {},                401, 403, 200),
    ("post",   "api/accounts/users/<int:pk>/password/", {"new_password": "other"}, 401, 403, 200),
    ("get",    "api/products/",                  None,              401, 200, 200),
    ("post",   "api/products/create/",           BAT,               401, 403, 201),
    ("get",    "api/products/<int:pk>/",         None,              401, 200, 200),
    ("put",    "api/products/<int:pk>/",         {"quantity": 15},  401, 403, 200),
    ("patch",  "api/products/<int:pk>/",         {"quantity": 15},  401, 403, 200),
    ("delete", "api/products/<int:pk>/delete/",  None,              401, 403, 200),
    ("post",   "api/products/<int:pk>/restore/", None,              401, 403, 409),
    ("get",    "api/products/<int:pk>/stock/",   None,              401, 403, 200),
    ("post",   "api/products/<int:pk>/stock/",   {"delta": 1},      401, 403, 200),
    ("get",    "api/products/stock/",            None,              401, 403, 200),
    ("post",   "api/products/stock/",            {"changes": []},   401, 403, 400),
    ("get",    "api/orders/",                    None,              401, 200, 200),
    ("post",   "api/orders/",                    {"items": []},     401, 400, 400),
    ("post",   "api/orders/preview/",            {"items": []},     401, 400, 400),
    ("get",    "api/orders/<int:pk>/",           None,              401, 200, 200),
    ("get",    "api/orders/<int:pk>/events/",    None,              401, 200, 200),
    ("get",    "api/orders/events/",             None,              401, 403, 200),
    ("post",   "api/orders/<int:pk>/confirm/",   None,              401, 403, 200),
    ("post",   "api/orders/<int:pk>/ship/",      None,              401, 403, 409),
    ("post",   "api/orders/<int:pk>/deliver/",   None,              401, 403, 409),
    ("post",   "api/orders/<int:pk>/cancel/",    None,              401, 200, 200),
    ("post",   "api/orders/<int:pk>/return/",    None,              401, 403, 409),
    ("get",    "api/reports/sales/",             None,              401, 403, 400),
    ("get",    "api/",                           None,              200, 200, 200),
    ("get",    "api/schema/",                    None,              200, 200, 200),
    ("get",    "api/docs/",                      None,              200, 200, 200),
    ("get",    "",                               None,              302, 302, 302),
    ("get",    "favicon.ico",                    None,              302, 302, 302),
    ("get",    "healthz/",                       None,              200, 200, 200),
    ("get",    "readyz/",                        None,              200, 200, 200),
    ("get",    "metrics/",                       None,              404, 404, 404),
]
# fmt: on


def routes(patterns, prefix=""):
    """Yield (route, view) for every route except the admin site's, which has its own tests."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        elif route != "admin/":
            yield from routes(pattern.url_patterns, route)


def methods(view):
    """Return the methods of a view; views that are not DRF's only support GET."""
    if not hasattr(view, "cls"):
        return ["get"]
    return [method for method in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, method)]


def test_every_route_and_method_has_a_row():
    urls = {(method, route) for route, view in routes(get_resolver().url_patterns) for method in methods(view)}

    assert urls == {(method, route) for method, route, *_ in TABLE}


@pytest.mark.parametrize(("method", "route", "body", "status"), [(*row[:3], row[3:]) for row in TABLE])
@pytest.mark.parametrize("who", [None, "customer", "admin"])
def test_access(method, route, body, status, who, api, request, bat, order):
    client = api(who and request.getfixturevalue(who))
    pk = order.pk if "orders" in route else order.customer_id if "users" in route else bat.pk

    response = getattr(client, method)("/" + route.replace("<int:pk>", str(pk)), body)

    assert response.status_code == dict(zip([None, "customer", "admin"], status, strict=True))[who], response.content
