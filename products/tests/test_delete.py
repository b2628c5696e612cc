from products.models import Product


def url(product):
    return f"/api/products/{product.pk}/delete/"


def test_the_documented_call(api, admin, bat):
    response = api(admin).delete(url(bat))

    assert response.status_code == 200
    assert response.content == b'{"message":"Product deleted"}'


def test_a_deleted_product_is_gone_everywhere_but_in_the_database(api, admin, bat, ball):
    api(admin).delete(url(bat))

    assert [product["name"] for product in api(admin).get("/api/products/").json()] == ["Ball"]
    assert api(admin).get(f"/api/products/{bat.pk}/").status_code == 404
    assert api(admin).put(f"/api/products/{bat.pk}/", {"quantity": 1}).status_code == 404
    assert Product.objects.filter(pk=bat.pk).exists()


def test_a_second_delete_is_a_404(api, admin, bat):
    api(admin).delete(url(bat))

    assert api(admin).delete(url(bat)).status_code == 404


def test_a_customer_deletes_nothing(api, customer, bat):
    assert api(customer).delete(url(bat)).status_code == 403
    assert Product.objects.listed().exists()
