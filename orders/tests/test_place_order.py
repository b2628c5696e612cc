import pytest

from orders.models import Order
from products.models import Product, StockMovement
from products.services import create_product

URL = "/api/orders/"


def lines(*pairs, **more):
    return {"items": [{"product": getattr(product, "pk", product), "quantity": n} for product, n in pairs]} | more


def stock():
    return dict(Product.objects.values_list("name", "quantity"))


def nothing_happened():
    return not Order.objects.exists() and stock() == {"Bat": 10, "Ball": 3} and StockMovement.objects.count() == 2


def test_the_documented_call(api, customer, bat, ball):
    response = api(customer).post(URL, lines((bat, 2), (ball, 1), note="ring twice", expected_total="2450.00"))

    assert response.status_code == 201
    order = dict(response.json())
    assert response["Location"] == f"/api/orders/{order['id']}/"
    times = order.pop("created_at"), order.pop("updated_at")
    assert times[0] == times[1]
    assert times[0].endswith("Z")
    assert list(order.items()) == [
        ("id", order["id"]),
        ("customer", "carl"),
        ("status", "pending"),
        (
            "items",
            [
                {
                    "product": bat.pk,
                    "name": "Bat",
                    "price": "1200.00",
                    "quantity": 2,
                    "returned": 0,
                    "subtotal": "2400.00",
                },
                {
                    "product": ball.pk,
                    "name": "Ball",
                    "price": "50.00",
                    "quantity": 1,
                    "returned": 0,
                    "subtotal": "50.00",
                },
            ],
        ),
        ("total", "2450.00"),
        ("note", "ring twice"),
        ("allowed_actions", ["cancel"]),
    ]
    assert stock() == {"Bat": 8, "Ball": 2}
    assert api(customer).get(response["Location"]).json() == response.json()


def test_an_admin_may_order_too(api, admin, bat, ball):
    order = api(admin).post(URL, lines((bat, 1))).json()

    assert (order["customer"], order["note"]) == ("anna", "")
    assert order["allowed_actions"] == ["confirm", "cancel"]


def test_lines_of_one_product_are_added_up_in_their_order(api, customer, bat, ball):
    order = api(customer).post(URL, lines((ball, 1), (bat, 2), (ball, 2))).json()

    assert [(line["name"], line["quantity"]) for line in order["items"]] == [("Ball", 3), ("Bat", 2)]
    assert stock() == {"Bat": 8, "Ball": 0}


def test_too_large_an_order_changes_nothing_and_names_every_short_line(api, customer, bat, ball):
    response = api(customer).post(URL, lines((ball, 3), (bat, 11), (ball, 1)))

    assert response.status_code == 409
    assert response.json() == {
        "detail": "Not enough stock.",
        "code": "out_of_stock",
        "items": [
            {"product": bat.pk, "requested": 11, "available": 10},
            {"product": ball.pk, "requested": 4, "available": 3},
        ],
    }
    assert nothing_happened()


def test_the_last_piece_can_be_sold(api, customer, ball):
    assert api(customer).post(URL, lines((ball, 3))).status_code == 201
    assert api(customer).post(URL, lines((ball, 1))).json()["items"][0]["available"] == 0


def test_an_unexpected_total_changes_nothing(api, customer, bat, ball):
    response = api(customer).post(URL, lines((bat, 1), expected_total=1199))

    assert response.status_code == 409
    assert response.json() == {
        "detail": "The total is not the expected one.",
        "code": "total_differs",
        "total": "1200.00",
    }
    assert nothing_happened()


def test_name_and_price_stay_as_ordered(api, admin, customer, bat):
    url = api(customer).post(URL, lines((bat, 1)))["Location"]
    api(admin).put(f"/api/products/{bat.pk}/", {"name": "Club", "price": 1})
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    order = api(customer).get(url).json()

    assert (order["items"][0]["name"], order["items"][0]["price"], order["total"]) == ("Bat", "1200.00", "1200.00")


def test_unknown_and_deleted_products_are_named(api, admin, customer, bat, ball):
    api(admin).delete(f"/api/products/{ball.pk}/delete/")

    response = api(customer).post(URL, lines((bat, 1), (ball, 1), (2**63 - 1, 1)))

    assert response.status_code == 400
    assert response.json() == {"items": [f"There is no product {ball.pk}.", f"There is no product {2**63 - 1}."]}
    assert stock()["Bat"] == 10


def test_at_most_ten_unknown_products_are_named(api, customer):
    items = [{"product": pk, "quantity": 1} for pk in range(1000, 1100)]

    response = api(customer).post(URL, {"items": items})

    assert response.status_code == 400
    assert response.json() == {"items": [f"There is no product {pk}." for pk in range(1000, 1010)]}


def test_a_total_too_large_for_the_column_is_refused(api, admin, customer, bat, ball):
    api(admin).put(f"/api/products/{bat.pk}/", {"price": "99999999.99", "quantity": 1_000_000})

    response = api(customer).post(URL, lines((bat, 101)))

    assert response.status_code == 400
    assert response.json() == {"items": ["The total must not exceed 9999999999.99."]}
    assert api(customer).post(URL, lines((bat, 100))).json()["total"] == "9999999999.00"


BAD_NUMBERS = [-1, 0, 1.5, "ten", True, None, [], {}, 10**30]


@pytest.mark.parametrize(
    "items",
    [
        *[[], None, "x", 7, {}, {"product": 1, "quantity": 1}, [[]], [None], ["x"], [{}]],
        *[[{"product": value, "quantity": 1}] for value in [*BAD_NUMBERS, 2**63]],
        *[[{"product": 1, "quantity": value}] for value in [*BAD_NUMBERS, 1_000_001]],
        [{"product": 1, "quantity": 1}] * 101,
    ],
)
def test_malformed_lines_are_refused(api, customer, bat, ball, items):
    response = api(customer).post(URL, {"items": items})

    assert response.status_code == 400
    assert list(response.json()) == ["items"]
    assert nothing_happened()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("note", value) for value in ["a" * 501, "nul\0", None, [], {}, True]],
        *[("expected_total", value) for value in [-1, "NaN", "ten", "", [], {}, None, True, 1.001, 10**10, 10**30]],
    ],
)
def test_a_malformed_field_is_named(api, customer, bat, ball, field, value):
    response = api(customer).post(URL, lines((bat, 1), **{field: value}))

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert nothing_happened()


def test_the_largest_values_are_allowed(api, admin, customer, bat, ball):
    api(admin).put(f"/api/products/{ball.pk}/", {"price": 0, "quantity": 2**31 - 1})

    order = api(customer).post(URL, lines(*[(ball, 1_000_000)] * 100, note="n" * 500)).json()

    assert (order["items"][0]["quantity"], order["total"]) == (100_000_000, "0.00")


def test_unknown_fields_are_ignored(api, customer, bat, ball):
    body = lines((bat, 1), total="1.00", status="delivered", by="anna", id=99)
    body["items"][0] |= {"price": "0.01", "name": "Gold"}

    order = api(customer).post(URL, body).json()

    assert (order["total"], order["status"], order["customer"]) == ("1200.00", "pending", "carl")
    assert order["items"][0]["name"] == "Bat"


@pytest.mark.parametrize("count", [1, 2, 50])
def test_an_order_takes_ten_statements(api, admin, customer, count, django_assert_num_queries):
    products = [create_product(name=f"p{n}", price=1, quantity=1, by=admin) for n in range(count)]
    client = api(customer)

    # The user; BEGIN; products, order, lines, event; the lock, the stock, the ledger; COMMIT.
    with django_assert_num_queries(10):
        client.post(URL, lines(*[(product, 1) for product in products]))
