import pytest

from products.models import Product

LIST = "/api/products/"


def url(product):
    return f"/api/products/{product.pk}/"


@pytest.mark.parametrize("path", [LIST, "/api/products/{}/"])
def test_unchanged_content_is_a_304(api, customer, bat, path):
    client, path = api(customer), path.format(bat.pk)
    tag = client.get(path)["ETag"]

    for header in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        response = client.get(path, HTTP_IF_NONE_MATCH=header)
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == tag
        assert response["Cache-Control"] == "private, no-cache"

    Product.objects.update(quantity=9)
    response = client.get(path, HTTP_IF_NONE_MATCH=tag)
    assert response.status_code == 200
    assert response["ETag"] != tag


def test_other_conditions_on_a_get_are_ignored(api, customer, bat):
    for header in ("HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_MODIFIED_SINCE"):
        assert api(customer).get(url(bat), **{header: "Sun, 22 Nov 2026 10:00:00 GMT"}).status_code == 200


def test_head_has_the_same_etag_as_get(api, customer, bat):
    client = api(customer)
    assert client.head(url(bat))["ETag"] == client.get(url(bat))["ETag"]


@pytest.mark.parametrize("path", ["/api/products/create/", "/api/orders/"])
def test_a_201_has_the_etag_of_a_get_at_its_location(api, admin, bat, path):
    client = api(admin)
    body = {"name": "Net", "price": "3", "quantity": 4, "items": [{"product": bat.pk, "quantity": 2}]}

    new, again = [client.post(path, body, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    read = client.get(new["Location"])

    assert (new.status_code, new["Location"]) == (201, f"{path.removesuffix('create/')}{new.json()['id']}/")
    assert read.content == new.content
    assert read["ETag"] == new["ETag"] == again["ETag"]
    assert again["Location"] == new["Location"]
    assert client.get(new["Location"], headers={"If-None-Match": new["ETag"]}).status_code == 304


def test_a_new_product_can_be_changed_with_its_etag(api, admin):
    client = api(admin)
    new = client.post("/api/products/create/", {"name": "Net", "price": 3, "quantity": 4})

    statuses = [client.put(new["Location"], {"quantity": 5}, HTTP_IF_MATCH=new["ETag"]).status_code for _ in range(2)]

    assert statuses == [200, 412]


def test_the_etag_of_a_list_changes_when_a_next_page_appears(api, customer, bat):
    client = api(customer)
    tag = client.get(f"{LIST}?page_size=1")["ETag"]
    Product.objects.create(name="Ball", price=1, quantity=1)

    response = client.get(f"{LIST}?page_size=1", HTTP_IF_NONE_MATCH=tag)

    assert response.status_code == 200
    assert 'rel="next"' in response["Link"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_with_if_match_fails_once_the_product_has_changed(api, admin, bat, method):
    client = api(admin)
    tag = client.get(url(bat))["ETag"]

    changed = getattr(client, method)(url(bat), {"quantity": 1}, HTTP_IF_MATCH=tag)
    assert changed.status_code == 200
    assert changed["ETag"] == client.get(url(bat))["ETag"] != tag

    late = getattr(client, method)(url(bat), {"quantity": 2}, HTTP_IF_MATCH=tag)
    assert late.status_code == 412
    assert list(late.json()) == ["detail", "code"]
    bat.refresh_from_db()
    assert bat.quantity == 1


@pytest.mark.parametrize("header", ['"x"', "x", "", "W/{}", '"{}"'])
def test_only_the_current_strong_tag_matches(api, admin, bat, header):
    client = api(admin)
    header = header.format(client.get(url(bat))["ETag"])

    assert client.put(url(bat), {"quantity": 1}, HTTP_IF_MATCH=header).status_code == 412
    assert client.delete(f"{url(bat)}delete/", HTTP_IF_MATCH=header).status_code == 412
    assert Product.objects.listed().filter(quantity=10).exists()


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("W/{}", "If-Match needs a strong ETag, but W/ marks a weak one."),
        ('"other", W/{}', "If-Match needs a strong ETag, but W/ marks a weak one."),
        ("abc", "If-Match contains no ETag."),
        ("", "If-Match contains no ETag."),
        ('"other"', "It has changed since: the ETag in If-Match is not the current one."),
    ],
)
def test_a_412_says_why_no_tag_matches(api, admin, bat, header, reason):
    client = api(admin)
    header = header.format(client.get(url(bat))["ETag"])

    assert client.put(url(bat), {"quantity": 1}, HTTP_IF_MATCH=header).json()["detail"].startswith(reason)


def test_a_star_matches_any_existing_product(api, admin, bat):
    client = api(admin)

    assert client.put(url(bat), {"quantity": 1}, HTTP_IF_MATCH="*").status_code == 200
    assert client.delete(f"{url(bat)}delete/", HTTP_IF_MATCH="*").status_code == 200
    assert client.put(url(bat), {"quantity": 1}, HTTP_IF_MATCH="*").status_code == 404


def test_one_of_several_tags_is_enough(api, admin, bat):
    client = api(admin)
    tag = client.get(url(bat))["ETag"]

    assert client.delete(f"{url(bat)}delete/", HTTP_IF_MATCH=f'"x", {tag}').status_code == 200


def test_a_malformed_body_is_refused_before_if_match_is_checked(api, admin, bat):
    assert api(admin).put(url(bat), {"quantity": -1}, HTTP_IF_MATCH='"x"').status_code == 400
