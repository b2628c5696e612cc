import io
from decimal import Decimal

import pytest

from order_management.files.csv import BadFile
from products.imports import import_products
from products.models import Product

URL = "/api/products/create/"
BAT = {"name": "Bat", "price": 1200, "quantity": 10}


def test_the_documented_call(api, admin):
    response = api(admin).post(URL, BAT)

    assert response.status_code == 201
    product = Product.objects.get()
    assert response.json() == {"id": product.id, "name": "Bat", "price": "1200.00", "quantity": 10}
    assert list(response.json()) == ["id", "name", "price", "quantity"]


def test_a_customer_creates_nothing(api, customer):
    assert api(customer).post(URL, BAT).status_code == 403
    assert not Product.objects.exists()


# Whitespace, joiners, fillers, tags and control characters.
INVISIBLE = ["\u3164", "\u200b\u200d", " \ufe0f ", "\u115f \uffa0", "\u00ad", "\u2800", "\x07\x1b", "\U000e0041"]


@pytest.mark.parametrize("name", INVISIBLE)
def test_an_invisible_name_is_refused(api, site, admin, name):
    refusal = {"name": ["Enter at least one visible character."]}

    assert api(admin).post(URL, BAT | {"name": name}).json() == refusal
    assert site.post("/admin/products/product/add/", BAT | {"name": name}).context["adminform"].errors == refusal
    with pytest.raises(BadFile) as refused:
        import_products(io.BytesIO(f"id,name,price,quantity\n,{name},1,1\n".encode()))
    assert refused.value.lines == [(2, f"name: {refusal['name'][0]}")]
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    "name", ["❤\ufe0f", "👩\u200d🚀", "🏴\U000e0067\U000e0062\U000e007f", "می\u200cخواهم", "\u200bBat", "\u0301"]
)
def test_emoji_and_names_with_joiners_are_kept_unchanged(api, admin, name):
    response = api(admin).post(URL, BAT | {"name": name})

    assert response.status_code == 201
    assert response.json()["name"] == Product.objects.get().name == name


@pytest.mark.parametrize(
    ("price", "expected"),
    [(0, "0.00"), (-0.0, "0.00"), ("-0", "0.00"), (0.1, "0.10"), ("1200.5", "1200.50"), (99999999.99, "99999999.99")],
)
def test_a_price_is_a_number_or_a_string(api, admin, price, expected):
    assert api(admin).post(URL, BAT | {"price": price}).json()["price"] == expected
    assert api(admin).get("/api/products/").json()[0]["price"] == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("name", value) for value in ["", "  \t", "a" * 101, "nul\0", None, [], {}, True]],
        *[
            ("price", value)
            for value in [
                -1,
                -0.01,
                "NaN",
                "Infinity",
                "-Infinity",
                1.001,
                "1.001",
                10**8,
                10**30,
                "1_000",
                "１５",
                "1e3",
            ]
        ],
        *[("price", value) for value in [100000000000, "1" * 2000, "ten", "", True, None, [], {}, ["1"]]],
        *[("quantity", value) for value in [-1, 1.5, "ten", 2**31, 10**30, "1" * 2000, "", True, None, [], {}]],
    ],
)
def test_a_malformed_field_is_named_and_nothing_is_written(api, admin, field, value):
    response = api(admin).post(URL, BAT | {field: value})

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert all(sentence.endswith(".") for sentence in response.json()[field])
    assert not Product.objects.exists()


def test_the_largest_values_are_allowed(api, admin):
    response = api(admin).post(URL, {"name": "a" * 100, "price": "99999999.99", "quantity": 2**31 - 1})

    assert response.status_code == 201


def test_a_name_is_trimmed(api, admin):
    assert api(admin).post(URL, BAT | {"name": "  Bat \n"}).json()["name"] == "Bat"


def test_unknown_fields_are_ignored(api, admin):
    response = api(admin).post(URL, BAT | {"id": 99, "deleted_at": "2026-11-22T10:00:00Z", "colour": "red"})

    assert response.status_code == 201
    assert response.json()["id"] != 99
    assert Product.objects.listed().exists()


def test_missing_fields_are_named(api, admin):
    assert list(api(admin).post(URL, {}).json()) == ["name", "price", "quantity"]


@pytest.mark.parametrize("price", ['"12.5000"', '"34.0000"', "12.5000", '"12.500 "', '"0.000000"', '"99999999.9900"'])
def test_trailing_zeros_of_a_price_are_accepted(api, admin, price):
    body = f'{{"name": "Bat", "price": {price}, "quantity": 1}}'

    response = api(admin).generic("POST", "/api/products/create/", body, "application/json")

    assert response.status_code == 201
    assert Decimal(response.json()["price"]) == Decimal(price.strip('"'))


@pytest.mark.parametrize("price", ["12.505", "12.5050", "12.5001000", "0.001", "99999999.99001", f"12.{'0' * 1500}5"])
def test_other_digits_after_the_second_decimal_place_are_refused(api, admin, price):
    response = api(admin).post("/api/products/create/", {"name": "Bat", "price": price, "quantity": 1})

    assert response.status_code == 400
    assert list(response.json()) == ["price"]
