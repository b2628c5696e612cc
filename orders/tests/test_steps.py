from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import IllegalTransition, Order
from orders.services import change_status
from products.models import Product, StockMovement

STEPS = {"confirm": "confirmed", "ship": "shipped", "deliver": "delivered", "cancel": "cancelled", "return": "returned"}
PATHS = {
    "pending": [],
    "confirmed": ["confirm"],
    "shipped": ["confirm", "ship"],
    "delivered": ["confirm", "ship", "deliver"],
    "cancelled": ["cancel"],
    "returned": ["confirm", "ship", "deliver", "return"],
}
ALLOWED = {
    "pending": {"confirm", "cancel"},
    "confirmed": {"ship", "cancel"},
    "shipped": {"deliver"},
    "delivered": {"return"},
    "cancelled": set(),
    "returned": set(),
}


def url(order, step=""):
    return f"/api/orders/{order.pk}/{step}{'/' if step else ''}"


def walk(client, order, status):
    for step in PATHS[status]:
        assert client.post(url(order, step)).status_code == 200


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", PATHS)
def test_every_step_from_every_status(api, admin, order, status, step):
    client = api(admin)
    walk(client, order, status)
    before = client.get(url(order)).json(), list(StockMovement.objects.values())

    response = client.post(url(order, step), {"note": "as agreed"})

    if step in ALLOWED[status]:
        assert response.status_code == 200
        assert response.json()["status"] == STEPS[step]
        assert response.json()["updated_at"] > response.json()["created_at"]
        assert response.json() == client.get(url(order)).json()
    else:
        assert response.status_code == 409
        assert response.json() == {
            "detail": f"The order is {status} and cannot become {STEPS[step]}.",
            "code": "illegal_step",
        }
        assert (client.get(url(order)).json(), list(StockMovement.objects.values())) == before


@pytest.mark.parametrize("status", PATHS)
def test_allowed_actions_are_the_steps_the_caller_may_take_now(api, admin, customer, order, status):
    walk(api(admin), order, status)

    assert set(api(admin).get(url(order)).json()["allowed_actions"]) == ALLOWED[status]
    assert set(api(customer).get(url(order)).json()["allowed_actions"]) == ALLOWED[status] & {"cancel"}


@pytest.mark.parametrize(
    ("status", "step", "kind"), [("confirmed", "cancel", "cancelled"), ("delivered", "return", "returned")]
)
def test_the_stock_is_returned_exactly_once(api, admin, order, status, step, kind):
    walk(api(admin), order, status)
    assert Product.objects.get().quantity == 8

    api(admin).post(url(order, step))
    api(admin).post(url(order, step))

    assert Product.objects.get().quantity == 10
    movement = StockMovement.objects.filter(order=order.pk).order_by("id").last()
    assert (movement.kind, movement.delta, movement.balance, movement.by) == (kind, 2, 10, admin)


def test_the_stock_of_a_deleted_product_is_returned(api, admin, order, bat):
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    assert api(admin).post(url(order, "cancel")).status_code == 200
    assert Product.objects.get().quantity == 10


def test_a_step_whose_stock_cannot_be_returned_changes_nothing(api, admin, order, bat):
    api(admin).put(f"/api/products/{bat.pk}/", {"quantity": 2**31 - 2})

    response = api(admin).post(url(order, "cancel"))

    assert response.status_code == 409
    assert "between 0 and 2147483647" in response.json()["detail"]
    assert Order.objects.get().status == "pending"
    assert order.events.count() == 1


def test_a_customer_can_cancel_their_own_order(api, customer, order):
    response = api(customer).post(url(order, "cancel"), {"note": "changed my mind"})

    assert (response.status_code, response.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"cancel"}))
def test_a_customer_can_take_no_other_step(api, customer, order, step):
    assert api(customer).post(url(order, step)).status_code == 403


@pytest.mark.parametrize("body", [{"note": "a" * 501}, {"note": "nul\0"}, {"note": None}, {"note": []}, [], "x"])
def test_a_malformed_note_is_refused(api, admin, order, body):
    assert api(admin).post(url(order, "confirm"), body).status_code == 400
    assert Order.objects.get().status == "pending"


@pytest.mark.parametrize("pk", [0, 999, 10**30])
@pytest.mark.parametrize("step", STEPS)
def test_an_unknown_order_is_a_404(api, admin, pk, step):
    assert api(admin).post(f"/api/orders/{pk}/{step}/").status_code == 404


@pytest.mark.parametrize(("one", "other"), [("cancelled", "confirmed"), ("confirmed", "cancelled")])
def test_the_second_of_two_steps_from_the_same_status_fails(admin, order, one, other):
    first, second = Order.objects.get(), Order.objects.get()
    change_status(first, one, by=admin)

    with pytest.raises(IllegalTransition, match=f"The order has just become {one}. Look at it again."):
        change_status(second, other, by=admin)

    assert [event.status for event in order.events.all()] == ["pending", one]


def test_an_order_without_lines_can_be_cancelled(api, customer):
    order = Order.objects.create(customer=customer, total=0)

    assert api(customer).post(f"/api/orders/{order.pk}/cancel/").status_code == 200


def test_updated_at_is_never_before_created_at(api, admin, order):
    """As on a node whose clock is behind that of the node that took the order."""
    ahead = timezone.now() + timedelta(seconds=8)
    Order.objects.update(created_at=ahead, updated_at=ahead)

    answer = api(admin).post(f"/api/orders/{order.pk}/confirm/").json()

    assert answer["updated_at"] == answer["created_at"]


@pytest.fixture
def delivered(api, admin, order):
    walk(api(admin), order, "delivered")
    return order


def test_the_other_steps_ignore_the_fields_of_a_partial_return(api, admin, order):
    for step in PATHS["delivered"]:
        assert api(admin).post(url(order, step), {"items": [], "restock": False}).status_code == 200
