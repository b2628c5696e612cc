"""Every call that changes products or orders can be retried with an Idempotency-Key."""

import pytest
from django.urls import get_resolver
from django.utils import timezone

from order_management.tests.test_access import methods, routes
from orders.models import Order, OrderEvent
from products.models import Product, StockMovement

# The body of each call, and the status that the order must have before it.
CALLS = {
    ("post", "api/products/create/"): ({"name": "Ball", "price": "2.50", "quantity": 3}, None),
    ("put", "api/products/<int:pk>/"): ({"price": "9.99", "quantity": 7}, None),
    ("patch", "api/products/<int:pk>/"): ({"quantity": 7}, None),
    ("delete", "api/products/<int:pk>/delete/"): (None, None),
    ("post", "api/products/<int:pk>/restore/"): (None, None),
    ("post", "api/products/<int:pk>/stock/"): ({"delta": -2}, None),
    ("post", "api/products/stock/"): ({"changes": "bat"}, None),
    ("post", "api/orders/"): ({"items": [{"product": "bat", "quantity": 2}]}, None),
    ("post", "api/orders/<int:pk>/confirm/"): ({"note": "paid"}, "pending"),
    ("post", "api/orders/<int:pk>/ship/"): ({}, "confirmed"),
    ("post", "api/orders/<int:pk>/deliver/"): ({}, "shipped"),
    ("post", "api/orders/<int:pk>/cancel/"): ({}, "pending"),
    ("post", "api/orders/<int:pk>/return/"): ({}, "delivered"),
}

# Changes nothing.
NOT_RETRYABLE = {("post", "api/orders/preview/")}


def state():
    """Return everything that a call may change."""
    return [list(model.objects.order_by("pk").values()) for model in (Product, StockMovement, Order, OrderEvent)]


@pytest.fixture
def deleted(db):
    """A deleted product."""
    return Product.objects.create(name="Net", price=1, quantity=0, deleted_at=timezone.now())


@pytest.fixture
def send(api, admin, bat, order, deleted):
    """A function that makes one of the calls, with a key."""

    def send(method, route, key="a-key", body=None):
        default, status = CALLS[method, route]
        if status and not OrderEvent.objects.filter(note="sent").exists():
            Order.objects.update(status=status)
            order.events.create(status=status, note="sent")
        if default and "changes" in default:
            default = {"changes": [{"product": bat.pk, "quantity": 3, "expected": 8}]}
        if default and "items" in default:
            default = {"items": [{"product": bat.pk, "quantity": 2}]}
        pk = order.pk if "orders" in route else deleted.pk if "restore" in route else bat.pk
        url = "/" + route.replace("<int:pk>", str(pk))
        return getattr(api(admin), method)(url, default if body is None else body, headers={"Idempotency-Key": key})

    return send


def test_every_changing_call_is_listed():
    urls = {(method, route) for route, view in routes(get_resolver().url_patterns) for method in methods(view)}

    changing = {(method, route) for method, route in urls if method != "get"}
    listed = {call for call in changing if call[1].startswith(("api/products/", "api/orders/"))}
    assert listed == CALLS.keys() | NOT_RETRYABLE


@pytest.mark.parametrize("call", CALLS)
def test_the_second_call_gets_the_first_answer_and_changes_nothing(send, call):
    before = state()
    first = send(*call)
    after = state()

    again = send(*call)

    assert first.status_code in (200, 201), first.content
    assert before != after == state()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("Location", "ETag", "Cache-Control", "Vary"):
        assert again.get(header) == first.get(header)
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")


@pytest.mark.parametrize("call", CALLS)
def test_a_key_used_for_another_call_is_refused(api, admin, bat, send, call):
    api(admin).put(f"/api/products/{bat.pk}/", {"name": "Club"}, headers={"Idempotency-Key": "a-key"})
    stock = state()[:2]

    response = send(*call)

    assert (response.status_code, response.json()["code"]) == (422, "key_reused")
    assert state()[:2] == stock


@pytest.mark.parametrize("call", CALLS)
def test_a_malformed_key_is_refused(send, call):
    response = send(*call, key="two words")

    assert (response.status_code, list(response.json())) == (400, ["Idempotency-Key"])
