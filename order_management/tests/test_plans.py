"""The database reads a page from an index, already in order, at any depth and size."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderLine
from orders.services import place_order
from products import services
from products.models import Product

ON_SQLITE = connection.vendor == "sqlite"
FIELDS = {
    "/api/products/": ["id", "name", "price", "quantity"],
    "/api/orders/": ["created_at", "updated_at", "total"],
    "/api/accounts/users/": ["id", "username", "date_joined"],
}
LISTS = [
    *[("admin", f"{path}?ordering={sign}{field}") for path in FIELDS for field in FIELDS[path] for sign in ("", "-")],
    ("customer", "/api/orders/"),
    ("customer", "/api/orders/?ordering=created_at"),
    ("admin", "/api/orders/?status=pending"),
    ("admin", "/api/orders/?created_after=2026-01-01T00:00:00Z"),
    ("admin", "/api/orders/?updated_since=2026-01-01T00:00:00Z&ordering=updated_at"),
    ("admin", "/api/orders/?created_before=2100-01-01T00:00:00Z&ordering=created_at"),
    ("admin", "/api/orders/?customer=carl"),
    ("admin", "/api/orders/?status=pending,cancelled"),
    ("admin", "/api/orders/?status=cancelled,pending,shipped&ordering=created_at"),
    ("customer", "/api/orders/?status=pending,cancelled"),
    ("admin", "/api/orders/?min_total=1&ordering=total"),
    ("admin", "/api/orders/?returned=part"),
    ("admin", "/api/orders/?max_total=99999&ordering=-total"),
    ("admin", "/api/products/{bat}/stock/"),
    ("admin", "/api/products/{bat}/stock/?kind=ordered"),
    ("admin", "/api/products/{bat}/stock/?created_after=2026-01-01T00:00:00Z&created_before=2100-01-01T00:00:00Z"),
    ("admin", "/api/products/?low_stock=100&ordering=quantity"),
    ("customer", "/api/products/?min_price=1&ordering=price"),
    ("customer", "/api/products/?max_price=2000&ordering=-price"),
    ("customer", "/api/products/?search=ba"),
    *[
        ("admin", f"/api/products/?deleted=true&ordering={sign}{field}")
        for field in FIELDS["/api/products/"]
        for sign in ("", "-")
    ],
    ("admin", "/api/orders/events/"),
    ("admin", "/api/orders/events/?start=latest"),
    ("admin", "/api/products/stock/"),
    ("admin", "/api/products/stock/?start=latest"),
]


@pytest.fixture
def explain(django_db_blocker):
    """A function that makes a call and returns the response and the plans of its list queries and of its count."""

    def explain(client, url, **options):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url, headers={"Prefer": "count=exact"})
        assert response.status_code == 200, response.content
        listed = [query["sql"] for query in queries if "ORDER BY" in query["sql"] and "LIMIT" in query["sql"]]
        assert listed
        return response, [plan(sql, **options) for sql in listed]

    return explain


def plan(sql, without=("seqscan", "sort", "bitmapscan")):
    with connection.cursor() as cursor:
        if not ON_SQLITE:
            # PostgreSQL prefers to scan small tables; what matters is whether it could use an index.
            for way in without:
                cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if ON_SQLITE else "EXPLAIN ") + sql)
        return "\n".join(str(row[-1]) for row in cursor)


def by_index(plan):
    if ON_SQLITE:
        # Without a sort, rows come in order from an index or from the table, which is ordered by id.
        return "TEMP B-TREE" not in plan
    # An incremental sort only sorts rows with the same value; the rest are in order already.
    return not re.search(r"Seq Scan|(?<!Incremental )Sort(?! Key)", plan)


@pytest.mark.parametrize(("who", "url"), LISTS)
def test_a_page_is_read_from_an_index(who, url, api, admin, customer, bat, ball, explain):
    people = {"admin": admin, "customer": customer}
    for name in ("Club", "Net"):
        services.delete_product(services.create_product(by=admin, name=name, price=1, quantity=1), by=admin)
    for number in range(3):
        place_order(customer=customer, items=[{"product": bat.pk, "quantity": number + 1}])
    if "returned=part" in url:
        Order.objects.update(status="delivered", partly_returned=True)
    client = api(people[who])

    url = url.format(bat=bat.pk)
    response, plans = explain(client, url + ("&" if "?" in url else "?") + "page_size=1")
    following = re.search(r'<http://testserver([^>]+)>; rel="next"', response["Link"])[1]
    _, more = explain(client, following)

    for found in plans + more:
        assert by_index(found), found


@pytest.mark.skipif(ON_SQLITE, reason="SQLite reads a feed by id")
@pytest.mark.parametrize(
    ("url", "index"), [("/api/orders/events/", "order_feed"), ("/api/products/stock/", "stock_feed")]
)
def test_a_page_of_a_feed_starts_and_ends_in_the_index(url, index, api, admin, order, explain):
    _, [found] = explain(api(admin), url)

    [conditions] = re.findall(rf"using {index} .*\n *Index Cond: (.*)", found)
    assert "ROW" in conditions
    assert "pg_snapshot_xmin" in conditions


def test_the_orders_of_a_product_are_found_by_its_index(api, admin, customer, bat, ball, explain):
    orders = Order.objects.bulk_create(Order(customer=customer, total=1) for _ in range(1000))
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=ball if n % 400 else bat, name="", price=1, quantity=1)
        for n, order in enumerate(orders)
    )
    if not ON_SQLITE:
        with connection.cursor() as cursor:
            # The tests before leave their rows in the indexes, where many make an index look expensive.
            cursor.execute("REINDEX TABLE orders_orderline")
            cursor.execute("ANALYZE orders_order, orders_orderline")
    client = api(admin)

    response, plans = explain(client, f"/api/orders/?product={bat.pk}&page_size=1", without=())
    following = re.search(r'<http://testserver([^>]+)>; rel="next"', response["Link"])[1]
    _, more = explain(client, following, without=())

    assert response["Total-Count"] == "3"
    for found in plans + more:
        # The rows with the same time as the last one are found by that time.
        assert re.search("orders_of_product|created_at ?= ?", found), found


def test_the_report_reads_only_the_orders_of_its_days(api, admin, order):
    with CaptureQueriesContext(connection) as queries:
        response = api(admin).get("/api/reports/sales/?from=2026-11-01&to=2026-11-30")
    assert response.status_code == 200
    plans = [plan(query["sql"]) for query in queries if "orders_order" in query["sql"]]

    assert len(plans) == 2
    for found in plans:
        # A range scan of the index, not a full one.
        days = (
            r"orders_by_creation \(created_at>" if ON_SQLITE else r"orders_by_creation.*\n.*Index Cond: .*created_at >="
        )
        assert re.search(days, found), found


@pytest.mark.skipif(ON_SQLITE, reason="PostgreSQL's trigrams")
def test_a_search_uses_the_index_suggested_by_the_operations_page(api, customer):
    page = (settings.BASE_DIR / "docs/operations.md").read_text()
    extension, index = re.findall('-c "(CREATE EXTENSION .*?pg_trgm|CREATE INDEX .*?)"', page)
    Product.objects.bulk_create(Product(name=f"Ball {number}", price=1, quantity=1) for number in range(5000))
    with connection.cursor() as cursor:
        cursor.execute(extension)
        cursor.execute(index.replace(" CONCURRENTLY", ""))  # not possible in the test's transaction
        cursor.execute("ANALYZE products_product")

    with CaptureQueriesContext(connection) as queries:
        api(customer).get("/api/products/?search=mittens")
    [sql] = [query["sql"] for query in queries if "LIKE" in query["sql"]]

    assert "Bitmap Index Scan on products_by_part_of_name" in plan(sql, without=())
