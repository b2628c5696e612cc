"""Returns of delivered orders: of all items, and of some."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.models import Order, OrderEvent, OrderLine
from orders.services import change_status, place_order, return_items
from products.models import QUANTITY_MAX, Product, StockMovement
from products.services import create_product

STEPS = ["confirmed", "shipped", "delivered"]


@pytest.fixture
def delivered(admin, customer, bat, ball):
    """A delivered order of three bats and two balls."""
    items = [{"product": bat.pk, "quantity": 3}, {"product": ball.pk, "quantity": 2}]
    order = Order.objects.get(pk=place_order(customer=customer, items=items).id)
    for status in STEPS:
        change_status(order, status, by=admin)
        order.refresh_from_db()
    return order


@pytest.fixture
def give_back(api, admin, delivered):
    """A function that returns pieces of the order, as pairs of a product and a quantity."""

    def give_back(*pieces, **fields):
        items = [{"product": product.pk, "quantity": quantity} for product, quantity in pieces]
        return api(admin).post(url(delivered, "return"), {"items": items} | fields)

    return give_back


def url(order, path):
    return f"/api/orders/{order.pk}/{path}/"


def returned(response):
    return [line["returned"] for line in response.json()["items"]]


def ledger(product):
    movements = StockMovement.objects.filter(product=product, kind="returned").order_by("id")
    return list(movements.values_list("delta", "balance", "order", "by__username"))


def test_an_order_is_as_new_as_its_lines(admin, delivered):
    rows = list(Order.objects.rows())
    return_items(delivered, by=admin)

    [order] = Order.objects.with_lines(rows)

    assert (order.status, [line[4] for line in order.lines]) == ("returned", [3, 2])
    assert order.updated_at > rows[0].updated_at


def test_some_pieces_go_back_into_stock(give_back, delivered, bat, ball):
    response = give_back((bat, 1))

    assert response.status_code == 200
    order = response.json()
    assert list(order["items"][0]) == ["product", "name", "price", "quantity", "returned", "subtotal"]
    assert (order["status"], order["allowed_actions"], returned(response)) == ("delivered", ["return"], [1, 0])
    assert (order["total"], order["items"][0]["subtotal"]) == ("3700.00", "3600.00")
    assert ledger(bat) == [(1, 8, delivered.pk, "anna")]
    assert ledger(ball) == []


def test_the_order_is_returned_with_its_last_piece(give_back, delivered, bat, ball):
    responses = [give_back((bat, 1)), give_back((ball, 2)), give_back((bat, 2))]

    assert [response.json()["status"] for response in responses] == ["delivered", "delivered", "returned"]
    assert [returned(response) for response in responses] == [[1, 0], [1, 2], [3, 2]]
    assert responses[-1].json()["allowed_actions"] == []
    assert Product.objects.get(pk=bat.pk).quantity == 10
    delivered.refresh_from_db()
    assert (delivered.returned_total, delivered.partly_returned) == (delivered.total, False)


def test_without_items_all_that_is_left_comes_back(api, admin, give_back, delivered, bat, ball):
    give_back((bat, 2))

    response = api(admin).post(url(delivered, "return"))

    assert (response.json()["status"], returned(response)) == ("returned", [3, 2])
    assert [delta for delta, *_ in ledger(bat)] == [2, 1]
    assert [delta for delta, *_ in ledger(ball)] == [2]


def test_damaged_goods_do_not_go_back_into_stock(give_back, bat):
    response = give_back((bat, 2), restock=False)

    assert returned(response) == [2, 0]
    assert Product.objects.get(pk=bat.pk).quantity == 7
    assert not StockMovement.objects.filter(kind="returned").exists()


def test_lines_of_one_product_are_added_up(give_back, bat):
    assert returned(give_back((bat, 1), (bat, 2))) == [3, 0]


def test_more_than_is_left_is_refused(give_back, delivered, bat, ball):
    give_back((bat, 2))

    response = give_back((ball, 1), (bat, 2))

    assert response.status_code == 409
    assert response.json() == {
        "detail": "The order does not have that many pieces left to return.",
        "code": "not_returnable",
        "items": [{"product": bat.pk, "requested": 2, "returnable": 1}],
    }
    assert ledger(ball) == []
    assert [line.returned for line in delivered.lines.all()] == [2, 0]
    assert delivered.events.count() == 5


def test_every_refused_line_of_a_hundred_is_named_by_id(api, admin, customer):
    pks = [create_product(name=f"p{n}", price=1, quantity=1, by=admin).pk for n in range(100)]
    place_order(customer=customer, items=[{"product": pk, "quantity": 1} for pk in reversed(pks)])
    Order.objects.update(status="delivered")

    def give_back(quantity):
        items = [{"product": pk, "quantity": quantity} for pk in reversed(pks)]
        return api(admin).post(url(Order.objects.get(), "return"), {"items": items}).json()

    assert give_back(2)["items"] == [{"product": pk, "requested": 2, "returnable": 1} for pk in pks]
    assert give_back(1)["status"] == "returned"


@pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "cancelled"])
def test_only_a_delivered_order_is_returned_in_part(api, admin, order, bat, status):
    Order.objects.update(status=status)

    response = api(admin).post(url(order, "return"), {"items": [{"product": bat.pk, "quantity": 99}]})

    assert (response.status_code, response.json()["code"]) == (409, "illegal_step")


def test_a_product_that_is_not_in_the_order_is_refused_first(api, admin, order, ball):
    items = [{"product": pk, "quantity": 1} for pk in (ball.pk, 999, order.lines.get().product_id)]

    response = api(admin).post(url(order, "return"), {"items": items})

    assert response.status_code == 400
    assert response.json() == {"items": [f"Product {pk} is not in the order." for pk in sorted([ball.pk, 999])]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("items", value) for value in ([], None, "all", {}, [1], [{}], [None], [{"product": 1, "quantity": 0}])],
        ("items", [{"product": 1, "quantity": 1_000_001}]),
        ("items", [{"product": 1, "quantity": 1}] * 101),
        *[("restock", value) for value in (None, "maybe", 2, [], {})],
    ],
)
def test_malformed_fields_are_refused(api, admin, delivered, field, value):
    response = api(admin).post(url(delivered, "return"), {field: value})

    assert (response.status_code, list(response.json())) == (400, [field])
    assert not StockMovement.objects.filter(kind="returned").exists()


def test_a_stock_past_the_largest_keeps_everything_as_it_was(give_back, delivered, bat, ball):
    Product.objects.filter(pk=bat.pk).update(quantity=QUANTITY_MAX)

    response = give_back((ball, 1), (bat, 1))

    assert (response.status_code, response.json()["code"]) == (409, "stock_out_of_bounds")
    assert [line.returned for line in delivered.lines.all()] == [0, 0]
    assert give_back((bat, 1), restock=False).status_code == 200


def test_events_say_what_came_back(api, admin, give_back, delivered, bat, ball):
    give_back((bat, 1), restock=False, note="broken")
    give_back((bat, 2), (ball, 2))

    events = api(admin).get(url(delivered, "events")).json()

    assert list(events[0]) == ["status", "by", "note", "created_at", "action", "items"]
    assert [event["action"] for event in events] == ["place", "confirm", "ship", "deliver", "return", "return"]
    assert [event["status"] for event in events[-2:]] == ["delivered", "returned"]
    assert [event["items"] for event in events[:4]] == [None] * 4
    assert events[4]["items"] == [{"product": bat.pk, "quantity": 1, "restock": False}]
    assert events[5]["items"] == [
        {"product": bat.pk, "quantity": 2, "restock": True},
        {"product": ball.pk, "quantity": 2, "restock": True},
    ]


def test_a_page_of_events_with_returns_takes_one_more_statement(
    api, admin, give_back, delivered, bat, django_assert_num_queries
):
    client = api(admin)
    with django_assert_num_queries(3):  # the user, the order, its events
        client.get(url(delivered, "events"))
    give_back((bat, 1))
    give_back((bat, 1))

    with django_assert_num_queries(4):
        client.get(url(delivered, "events"))


def return_as_the_previous_version(order, admin):
    """It writes no items and no action, and counts nothing."""
    Order.objects.filter(pk=order.pk, status="delivered").update(status="returned", updated_at=timezone.now())
    OrderEvent.objects.create(order=order, status="returned", by=admin)


def test_an_order_returned_by_the_previous_version_is_wholly_returned(api, admin, delivered, bat, ball):
    return_as_the_previous_version(delivered, admin)
    client = api(admin)

    assert [line["returned"] for line in client.get(f"/api/orders/{delivered.pk}/").json()["items"]] == [3, 2]
    assert [line["returned"] for line in client.get("/api/orders/").json()[0]["items"]] == [3, 2]
    event = client.get(url(delivered, "events")).json()[-1]
    assert (event["action"], event["status"]) == ("return", "returned")
    assert [(item["product"], item["quantity"]) for item in event["items"]] == [(bat.pk, 3), (ball.pk, 2)]
    assert client.post(url(delivered, "return")).json()["code"] == "illegal_step"


def test_the_previous_version_cannot_return_the_rest_of_an_order(admin, give_back, delivered, bat):
    give_back((bat, 1))

    with pytest.raises(IntegrityError, match="pieces_returned_once"), transaction.atomic():
        return_as_the_previous_version(delivered, admin)


def test_the_database_refuses_more_pieces_than_were_ordered(delivered):
    with pytest.raises(IntegrityError, match="returned_at_most_ordered"), transaction.atomic():
        OrderLine.objects.update(returned=4)


def test_the_report_counts_what_was_kept(api, admin, give_back, delivered, bat, ball):
    give_back((bat, 1), (ball, 2), restock=False)
    day = delivered.created_at.date()

    report = api(admin).get(f"/api/reports/sales/?from={day}&to={day}").json()

    assert (report["orders"], report["revenue"]) == (1, "2400.00")
    assert report["by_day"] == [{"date": str(day), "orders": 1, "revenue": "2400.00"}]
    assert report["top_products"] == [{"product": bat.pk, "name": "Bat", "quantity": 2, "revenue": "2400.00"}]


def test_partly_returned_orders_are_found(api, admin, customer, give_back, delivered, bat, ball):
    place_order(customer=customer, items=[{"product": bat.pk, "quantity": 1}])
    assert api(admin).get("/api/orders/?returned=part").json() == []
    give_back((bat, 1))

    assert [order["id"] for order in api(customer).get("/api/orders/?returned=part").json()] == [delivered.pk]
    give_back((bat, 2), (ball, 2))
    assert api(admin).get("/api/orders/?returned=part").json() == []


@pytest.mark.parametrize("value", ["all", "PART", "true", "%00"])
def test_an_unknown_value_of_the_filter_is_refused(api, admin, value):
    response = api(admin).get(f"/api/orders/?returned={value}")

    assert (response.status_code, list(response.json())) == (400, ["returned"])


def test_a_retry_of_a_return_gets_the_first_answer(api, admin, delivered, bat):
    client, body = api(admin), {"items": [{"product": bat.pk, "quantity": 1}]}
    first, second = [client.post(url(delivered, "return"), body, headers={"Idempotency-Key": "a"}) for _ in range(2)]

    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second["Idempotent-Replayed"] == "true"
    assert [delta for delta, *_ in ledger(bat)] == [1]


def test_pieces_that_cost_nothing_are_returned_in_part(api, admin, customer, delivered):
    Product.objects.create(name="Sticker", price=0, quantity=5)
    sticker = Product.objects.latest("id")
    pk = place_order(customer=customer, items=[{"product": sticker.pk, "quantity": 2}]).id
    Order.objects.filter(pk=pk).update(status="delivered")

    response = api(admin).post(f"/api/orders/{pk}/return/", {"items": [{"product": sticker.pk, "quantity": 1}]})

    assert (response.json()["status"], returned(response)) == ("delivered", [1])
    assert [order["id"] for order in api(admin).get("/api/orders/?returned=part").json()] == [pk]
