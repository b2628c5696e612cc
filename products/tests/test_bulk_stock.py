import pytest

from accounts.models import IdempotencyKey
from products.models import Product, StockMovement
from products.services import create_product

URL = "/api/products/stock/"
MAX = 2**31 - 1


@pytest.fixture
def send(api, admin):
    """A function that sends changes as an Admin."""

    def send(*changes, note=None, **options):
        body = {"changes": list(changes)} | ({} if note is None else {"note": note})
        return api(admin).post(URL, body, **options)

    return send


def delta(product, number):
    return {"product": product.pk, "delta": number}


def count(product, number, **expected):
    return {"product": product.pk, "quantity": number} | expected


def ledger():
    """Return what was written after the products were created."""
    rows = StockMovement.objects.filter(kind__in=["set", "adjusted"]).order_by("id")
    return list(rows.values_list("product__name", "kind", "delta", "balance", "by__username", "note"))


def stock(product):
    product.refresh_from_db()
    return product.quantity


def test_the_documented_call(send, bat, ball):
    response = send(count(ball, 12, expected=3), delta(bat, 5), note="count of November")

    assert response.status_code == 200
    assert response.json() == [
        {"id": ball.pk, "name": "Ball", "price": "50.00", "quantity": 12},
        {"id": bat.pk, "name": "Bat", "price": "1200.00", "quantity": 15},
    ]
    assert ledger() == [
        ("Ball", "set", 9, 12, "anna", "count of November"),
        ("Bat", "adjusted", 5, 15, "anna", "count of November"),
    ]
    assert (stock(bat), stock(ball)) == (15, 12)


def test_a_count_that_equals_the_stock_writes_nothing(send, bat, ball):
    before = StockMovement.objects.count()

    assert [product["quantity"] for product in send(count(bat, 10), count(ball, 3, expected=3)).json()] == [10, 3]
    assert send(count(bat, 10), delta(ball, -3)).status_code == 200
    assert ledger() == [("Ball", "adjusted", -3, 0, "anna", "")]
    assert StockMovement.objects.count() == before + 1


def test_a_count_replaces_any_stock_unless_one_is_expected(send, bat):
    assert send(count(bat, 0)).json()[0]["quantity"] == 0
    assert send(count(bat, MAX)).json()[0]["quantity"] == MAX
    assert ledger() == [("Bat", "set", -10, 0, "anna", ""), ("Bat", "set", MAX, MAX, "anna", "")]


def test_numbers_may_be_strings(send, bat):
    assert send({"product": str(bat.pk), "delta": "-4"}).json()[0]["quantity"] == 6


def test_a_delta_out_of_bounds_is_refused_with_its_line(send, bat, ball):
    response = send(delta(bat, -11), delta(ball, MAX), count(create(), 9))

    assert response.status_code == 409
    assert response.json() == {
        "detail": "The stock must stay between 0 and 2147483647.",
        "code": "stock_out_of_bounds",
        "items": [
            {"product": bat.pk, "requested": -11, "available": 10},
            {"product": ball.pk, "requested": MAX, "available": 3},
        ],
    }
    assert ledger() == []


def create(name="Net", quantity=1):
    return create_product(name=name, price=1, quantity=quantity, by=None)


def test_an_unexpected_stock_is_refused_with_every_refused_line(send, bat, ball):
    net = create()
    response = send(delta(net, -2), count(ball, 5, expected=4), delta(bat, 1))

    assert response.status_code == 409
    assert response.json() == {
        "detail": "The stock is not the expected one.",
        "code": "stock_differs",
        "items": [
            {"product": net.pk, "requested": -2, "available": 1},
            {"product": ball.pk, "expected": 4, "available": 3},
        ],
    }
    assert ledger() == []
    assert (stock(bat), stock(ball), stock(net)) == (10, 3, 1)


def test_an_unexpected_stock_is_refused_even_if_it_was_counted(send, bat):
    assert send(count(bat, 10, expected=9)).json()["items"] == [{"product": bat.pk, "expected": 9, "available": 10}]


@pytest.mark.parametrize(("lines", "named", "more"), [(100, 100, None), (101, 100, 1), (500, 100, 400)])
def test_a_refusal_names_the_first_100_lines(send, admin, lines, named, more):
    products = [create(f"Stone {number}") for number in range(lines)]

    body = send(*(delta(product, -2) for product in reversed(products))).json()

    assert [line["product"] for line in body["items"]] == [product.pk for product in products[::-1][:named]]
    assert body.get("more") == more


def test_unknown_and_deleted_products_are_named(api, admin, send, bat, ball):
    api(admin).delete(f"/api/products/{ball.pk}/delete/")
    changes = [delta(bat, 1), {"product": 2**63 - 1, "delta": 1}, delta(ball, 1), {"product": 999, "quantity": 1}]

    response = send(*changes)

    assert response.status_code == 400
    named = sorted([ball.pk, 999, 2**63 - 1])
    assert response.json() == {"changes": [f"There is no product {pk}." for pk in named]}
    assert len(send(*({"product": 1000 + n, "delta": 1} for n in range(500))).json()["changes"]) == 500
    assert ledger() == []


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"delta": 0}, {"delta": ["A change of 0 changes nothing."]}),
        ({}, {"delta": ["Send either delta or quantity."]}),
        ({"expected": 10}, {"delta": ["Send either delta or quantity."]}),
        ({"delta": 1, "quantity": 11}, {"delta": ["Send either delta or quantity."]}),
        ({"delta": 1, "expected": 10}, {"expected": ["Send expected only with quantity."]}),
    ],
)
def test_a_change_is_either_a_delta_or_a_count(send, bat, change, errors):
    response = send({"product": bat.pk} | change)

    assert (response.status_code, response.json()) == (400, {"changes": {"0": errors}})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("product", value) for value in [0, -1, 2**63, "x", None, [], {}, 1.5, True, ""]],
        *[("delta", value) for value in [2**31, -(2**31), "x", None, [], {}, 1.5, True, ""]],
        *[(field, value) for field in ("quantity", "expected") for value in [-1, 2**31, "x", None, [], {}, 1.5]],
    ],
)
def test_a_malformed_change_is_refused(send, bat, field, value):
    other = {} if field in ("delta", "quantity") else {"quantity": 1}
    response = send({"product": bat.pk} | other | {field: value})

    assert response.status_code == 400
    assert list(response.json()["changes"]["0"]) == [field]


@pytest.mark.parametrize(
    "body",
    [
        *[{}, {"changes": []}, {"changes": None}, {"changes": {}}, {"changes": "1"}, {"changes": [1]}],
        {"changes": [{"product": 1, "delta": 1}] * 501},
        *[{"changes": [{"product": 1, "delta": 1}], "note": note} for note in ("a" * 501, None, [], "nul\0")],
    ],
)
def test_a_malformed_body_is_refused(api, admin, bat, body):
    response = api(admin).post(URL, body)

    assert response.status_code == 400
    assert list(response.json()) == ["note" if "note" in body else "changes"]


def test_a_product_comes_only_once(send, bat, ball):
    response = send(delta(bat, 1), delta(ball, 1), count(bat, 3), delta(ball, 2))

    again = {
        position: {"product": [f"Product {p.pk} is already in the list."]} for position, p in (("2", bat), ("3", ball))
    }
    assert (response.status_code, response.json()) == (400, {"changes": again})
    assert len(send(*[delta(bat, 1)] * 500).json()["changes"]) == 10


def test_a_strict_call_knows_the_fields_of_a_change(send, bat):
    strict = {"Prefer": "handling=strict"}
    good = count(bat, 3, expected=10)

    response = send(good | {"expectd": 10}, headers=strict)
    assert response.json() == {"changes": {"0": {"expectd": ["There is no such field. Did you mean expected?"]}}}
    assert send(good, note="count", headers=strict).status_code == 200


def test_500_changes_are_made_in_a_few_statements(send, django_assert_max_num_queries):
    products = [create(f"Stone {number}", quantity=5) for number in range(500)]

    with django_assert_max_num_queries(9):
        response = send(*(count(product, 7, expected=5) for product in products))

    assert response.status_code == 200
    assert {product["quantity"] for product in response.json()} == {7}
    assert len(ledger()) == 500


def test_if_match_is_ignored(send, bat):
    assert send(delta(bat, 1), headers={"If-Match": '"old"'}).status_code == 200


def test_a_retry_gets_the_first_answer_whatever_has_changed_since(api, admin, send, bat):
    headers = {"Idempotency-Key": "a-key"}
    first = send(count(bat, 7, expected=10), headers=headers)
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    again = send(count(bat, 7, expected=10), headers=headers)

    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (200, first.content, "true")
    assert send(count(bat, 7), headers=headers).status_code == 422
    assert len(ledger()) == 1


def test_a_refusal_is_not_kept(send, bat):
    assert send(delta(bat, -11), headers={"Idempotency-Key": "a-key"}).status_code == 409
    assert not IdempotencyKey.objects.exists()


def test_a_customer_changes_no_stock(api, customer, bat):
    assert api(customer).post(URL, {"changes": [delta(bat, 1)]}).status_code == 403
    assert Product.objects.get().quantity == 10
