import pytest

from orders.services import place_order
from products.models import Product, StockMovement

LIST = "/api/products/"


def url(product, action="restore"):
    return f"{LIST}{product.pk}/{action}/"


@pytest.fixture
def deleted(api, admin, bat):
    api(admin).delete(url(bat, "delete"))
    return bat


def names(response):
    assert response.status_code == 200, response.content
    return [product["name"] for product in response.json()]


def test_a_restored_product_is_back_everywhere(api, admin, customer, deleted):
    response = api(admin).post(url(deleted))

    assert response.status_code == 200
    assert response.json() == {"id": deleted.pk, "name": "Bat", "price": "1200.00", "quantity": 10}
    assert response["ETag"] == api(customer).get(f"{LIST}{deleted.pk}/")["ETag"]
    assert names(api(customer).get(LIST)) == ["Bat"]
    assert api(customer).post("/api/orders/", {"items": [{"product": deleted.pk, "quantity": 1}]}).status_code == 201
    assert api(admin).delete(url(deleted, "delete")).status_code == 200


def test_its_stock_is_what_the_ledger_says(api, admin, customer, bat):
    order = place_order(customer=customer, items=[{"product": bat.pk, "quantity": 4}])
    api(admin).delete(url(bat, "delete"))
    api(customer).post(f"/api/orders/{order.id}/cancel/")
    rows = StockMovement.objects.count()

    assert api(admin).post(url(bat)).json()["quantity"] == 10 == StockMovement.objects.first().balance
    assert StockMovement.objects.count() == rows


def test_only_a_deleted_product_can_be_restored(api, admin, deleted):
    client = api(admin)
    client.post(url(deleted))

    response = client.post(url(deleted))

    assert response.status_code == 409
    assert response.json() == {"detail": "The product is not deleted.", "code": "not_deleted"}


@pytest.mark.parametrize("pk", [0, 99, 2**63, 10**30])
def test_a_product_that_never_existed_is_a_404(api, admin, pk):
    response = api(admin).post(f"{LIST}{pk}/restore/")

    assert (response.status_code, response.json()["detail"]) == (404, "No Product matches the given query.")


def test_a_customer_restores_nothing(api, customer, deleted):
    assert api(customer).post(url(deleted)).status_code == 403
    assert not Product.objects.listed().exists()


def test_a_body_has_no_fields(api, admin, deleted):
    response = api(admin).post(url(deleted), {"quantity": 5}, headers={"Prefer": "handling=strict"})

    assert (response.status_code, list(response.json())) == (400, ["quantity"])
    assert api(admin).post(url(deleted), {"quantity": 5}).json()["quantity"] == 10


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("deleted=true", ["Bat", "Net"]),
        ("deleted=TRUE", ["Bat", "Net"]),
        ("deleted=1&ordering=-price", ["Bat", "Net"]),
        ("deleted=true&search=ne", ["Net"]),
        ("in_stock=false&deleted=true", ["Net"]),
        ("deleted=true&min_price=5000", []),
        ("deleted=false", ["Ball"]),
        ("deleted=0&search=bat", []),
        ("deleted=", ["Ball"]),
        ("deleted=false&deleted=true", ["Bat", "Net"]),
    ],
)
def test_an_admin_lists_deleted_products(api, admin, deleted, ball, query, expected):
    net = Product.objects.create(name="Net", price=30, quantity=0)
    api(admin).delete(url(net, "delete"))

    assert names(api(admin).get(f"{LIST}?{query}", headers={"Prefer": "handling=strict"})) == expected


def test_deleted_products_are_counted_and_come_in_pages(api, admin, deleted, ball):
    client = api(admin)
    client.delete(url(ball, "delete"))

    first = client.get(f"{LIST}?deleted=true&page_size=1", headers={"Prefer": "count=exact"})
    second = client.get(first["Link"].split(">")[0][1:])

    assert first["Total-Count"] == "2"
    assert [names(first), names(second)] == [["Bat"], ["Ball"]]


@pytest.mark.parametrize("value", ["maybe", "2", "on", "tr%00ue", "true,false", "9" * 30])
def test_a_malformed_value_is_named(api, admin, value):
    response = api(admin).get(f"{LIST}?deleted={value}")

    assert (response.status_code, response.json()) == (400, {"deleted": ["Must be true or false."]})


@pytest.mark.parametrize("value", ["true", "false", "maybe", ""])
def test_the_filter_is_for_admins(api, customer, deleted, value):
    response = api(customer).get(f"{LIST}?deleted={value}")

    assert response.status_code == 403
    assert response.json() == {"detail": "Only an Admin may filter by deleted.", "code": "permission_denied"}
