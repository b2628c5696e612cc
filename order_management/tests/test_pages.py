"""KeysetPagination, on the list of products."""

import re

import pytest

from products.models import Product

URL = "/api/products/"


@pytest.fixture
def shelf(db):
    """25 products, many with the same name, price or quantity."""
    return Product.objects.bulk_create(
        Product(name=f"n{i % 3}", price=i % 4, quantity=i % 2 * 5, pk=i) for i in range(1, 26)
    )


def links(response):
    pairs = re.findall(r'<(http://testserver/[^>]+)>; rel="(\w+)"', response.get("Link", ""))
    return {rel: url for url, rel in pairs}


def ids(response):
    assert response.status_code == 200, response.content
    return [product["id"] for product in response.json()]


def walk(client, url, rel="next"):
    """Return the pages from the given URL on."""
    pages = []
    while url:
        response = client.get(url)
        pages.append(ids(response))
        url = links(response).get(rel)
        assert len(pages) < 50
    return pages


ORDERINGS = ["id", "name", "price", "quantity", "-id", "-name", "-price", "-quantity"]


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("size", [1, 4, 24, 25, 26])
def test_the_pages_add_up_to_the_whole_list(api, customer, shelf, ordering, size):
    client = api(customer)
    whole = ids(client.get(f"{URL}?ordering={ordering}"))
    assert len(whole) == 25

    pages = walk(client, f"{URL}?ordering={ordering}&page_size={size}")

    assert pages == [whole[i : i + size] for i in range(0, 25, size)]


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_paging_backwards_returns_the_same_rows(api, customer, shelf, ordering):
    client = api(customer)
    pages, url = [], f"{URL}?ordering={ordering}&page_size=4"
    while url:
        response = client.get(url)
        pages.append(ids(response))
        last, url = response.wsgi_request.get_full_path(), links(response).get("next")

    back = walk(client, last, "prev")

    assert [pk for page in reversed(back) for pk in page] == [pk for page in pages for pk in page]


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_inserted_and_deleted_rows_hide_or_repeat_no_others(api, customer, shelf, ordering):
    client = api(customer)
    whole = ids(client.get(f"{URL}?ordering={ordering}"))
    seen, url, gone = [], f"{URL}?ordering={ordering}&page_size=3", set()
    while url:
        response = client.get(url)
        seen += ids(response)
        url = links(response).get("next")
        # The first and the last row just listed are deleted; one row is added at either end.
        for pk in {ids(response)[0], ids(response)[-1]} if ids(response) else ():
            Product.objects.filter(pk=pk).remove()
            gone.add(pk)
        Product.objects.create(name="a", price=0, quantity=0)
        if len(seen) < 12:
            Product.objects.create(name="z", price=9, quantity=9)
        assert len(seen) < 100

    assert [pk for pk in seen if pk <= 25] == whole
    assert len(seen) == len(set(seen))


def test_an_empty_page_links_back(api, customer, shelf):
    client = api(customer)
    first = client.get(f"{URL}?page_size=20")
    Product.objects.filter(pk__gt=20).remove()

    empty = client.get(links(first)["next"])
    assert ids(empty) == []
    assert ids(client.get(links(empty)["prev"])) == ids(first)

    Product.objects.filter(pk__lte=20).remove()
    assert links(client.get(f"{URL}?page_size=20")) == {}


def test_there_is_no_link_to_a_missing_page(api, customer, shelf):
    client = api(customer)
    assert links(client.get(f"{URL}?page_size=25")) == {}
    first = client.get(f"{URL}?page_size=20")
    assert list(links(first)) == ["next"]
    second = client.get(links(first)["next"])
    assert list(links(second)) == ["prev"]
    assert list(links(client.get(links(second)["prev"]))) == ["next"]


def test_links_keep_every_filter(api, customer, shelf):
    client = api(customer)
    pages = walk(client, f"{URL}?max_price=2&in_stock=true&search=n&page_size=2&colour=red")

    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert [pk for page in pages for pk in page] == ids(client.get(f"{URL}?max_price=2&in_stock=true"))


def test_a_page_has_a_hundred_items_by_default_and_a_thousand_at_most(api, customer):
    Product.objects.bulk_create(Product(name="n", price=1, quantity=1) for _ in range(1001))
    client = api(customer)

    assert len(client.get(URL).json()) == 100
    assert len(client.get(f"{URL}?page_size=1000").json()) == 1000


@pytest.mark.parametrize("size", ["0", "1001", "-1", "x", "", "1.0", "1e2", "１", "9" * 3000])
def test_a_malformed_page_size_is_refused(api, customer, size):
    response = api(customer).get(URL, {"page_size": size})

    assert response.status_code == 400
    assert response.json() == {"page_size": ["Must be from 1 to 1000."]}


@pytest.mark.parametrize("ordering", ["colour", "", "--id", "-", "id,name", "price\0", "deleted_at"])
def test_an_unknown_ordering_is_refused(api, customer, ordering):
    response = api(customer).get(URL, {"ordering": ordering})

    assert response.status_code == 400
    assert list(response.json()) == ["ordering"]


def test_a_cursor_is_refused_if_altered_or_used_with_another_ordering(api, customer, shelf):
    client = api(customer)
    url = links(client.get(f"{URL}?ordering=price&page_size=3"))["next"]

    altered = [
        url.replace("cursor=", "cursor=x"),
        re.sub("(cursor=[^&]+).", r"\1", url),
        url.replace("ordering=price", "ordering=-price"),
    ]
    altered += [f"{URL}?cursor=", f"{URL}?cursor=%00", f"{URL}?cursor=WyJ4Il0:abc", f"{URL}?cursor=é"]
    for other in altered:
        response = client.get(other)
        assert response.status_code == 400, other
        assert list(response.json()) == ["cursor"]


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_any_page_takes_at_most_two_statements_without_count_or_offset(
    api, customer, shelf, ordering, django_assert_max_num_queries
):
    client = api(customer)
    url = links(client.get(f"{URL}?ordering={ordering}&page_size=8"))["next"]

    with django_assert_max_num_queries(3) as queries:  # the user, rows with the same value, rows with other values
        client.get(url)

    assert all("LIMIT" in query["sql"] for query in queries.captured_queries[1:])
    assert "COUNT" not in str(queries.captured_queries)
    assert "OFFSET" not in str(queries.captured_queries)
