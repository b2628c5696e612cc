"""Lists of products and orders with `Prefer: count=exact`."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.services import place_order
from products.models import Product

EXACT = {"Prefer": "count=exact"}


def fill(number):
    Product.objects.bulk_create(Product(name=f"Product {n}", price=n, quantity=n % 3) for n in range(number))


def count(client, path, prefer="count=exact"):
    return client.get(path, headers={"Prefer": prefer}).headers.get("Total-Count")


def test_a_page_comes_with_the_number_of_all_products(api, customer):
    fill(5)
    response = api(customer).get("/api/products/?page_size=2", headers=EXACT)

    assert len(response.json()) == 2
    assert response["Total-Count"] == "5"
    assert response["Preference-Applied"] == "count=exact"
    assert "Prefer" in response["Vary"]


def test_nothing_is_counted_unless_asked(api, customer, bat, django_assert_num_queries):
    client = api(customer)
    for prefer, queries in ((None, 2), ("count=none", 2), ("handling=lenient", 2), ("count=exact", 3)):
        with django_assert_num_queries(queries):
            response = client.get("/api/products/", headers={"Prefer": prefer} if prefer else {})
        assert ("Total-Count" in response) == ("Preference-Applied" in response) == (queries == 3)


def test_every_page_has_the_same_count(api, customer):
    fill(5)
    client = api(customer)
    first = client.get("/api/products/?page_size=2&ordering=-price", headers=EXACT)
    following = first["Link"].partition(">")[0].removeprefix("<")

    assert count(client, following) == first["Total-Count"] == "5"


@pytest.mark.parametrize(
    ("query", "expected"),
    [("search=product", "6"), ("search=nothing", "0"), ("min_price=4", "2"), ("in_stock=false&max_price=3", "2")],
)
def test_the_count_honors_the_filters(api, customer, query, expected):
    fill(6)
    Product.objects.filter(price=0).update(name="A product")

    assert count(api(customer), f"/api/products/?{query}") == expected


def test_deleted_products_are_not_counted(api, admin, bat, ball):
    api(admin).delete(f"/api/products/{bat.pk}/delete/")

    assert count(api(admin), "/api/products/") == "1"


def test_customers_count_their_own_orders_and_admins_all(api, admin, customer, bat):
    for user in (admin, customer, customer):
        place_order(customer=user, items=[{"product": bat.pk, "quantity": 1}])

    assert count(api(customer), "/api/orders/?page_size=1") == "2"
    assert count(api(admin), "/api/orders/?page_size=1") == "3"
    assert count(api(admin), "/api/orders/?customer=CARL&status=pending") == "2"
    assert count(api(admin), "/api/orders/?status=shipped") == "0"


def test_no_more_than_10000_are_counted(api, customer):
    fill(10_000)
    assert count(api(customer), "/api/products/?page_size=1") == "10000"

    fill(1)
    with CaptureQueriesContext(connection) as queries:
        assert count(api(customer), "/api/products/?page_size=1") == "10000+"
    [sql] = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert "LIMIT 10001" in sql


def test_the_etag_changes_with_the_count(api, customer, bat):
    client = api(customer)
    plain = client.get("/api/products/?page_size=1")
    counted = client.get("/api/products/?page_size=1", headers=EXACT)
    assert plain["ETag"] != counted["ETag"]
    unchanged = client.get("/api/products/?page_size=1", headers=EXACT | {"If-None-Match": counted["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    fill(2)
    two = client.get("/api/products/?page_size=1", headers=EXACT)
    fill(1)
    changed = client.get("/api/products/?page_size=1", headers=EXACT | {"If-None-Match": two["ETag"]})
    assert (changed.status_code, changed["Total-Count"]) == (200, "4")


@pytest.mark.parametrize("path", ["/api/products/{}/", "/api/products/{}/stock/", "/api/accounts/users/"])
def test_other_calls_ignore_it(api, admin, bat, path):
    response = api(admin).get(path.format(bat.pk), headers=EXACT)

    assert response.status_code == 200
    assert {"Total-Count", "Preference-Applied"} & set(response.headers) == set()


def test_a_refused_call_is_not_counted(api, customer):
    response = api(customer).get("/api/products/?page_size=0", headers=EXACT)

    assert (response.status_code, "Preference-Applied" in response) == (400, False)
