"""Forms of the admin site that are sent several times at the same moment."""

from .admin_site import AdminSite
from .server import manage

SENT_ALREADY = "This form has already been submitted. Nothing was changed this time."


def test_of_many_posts_of_one_form_one_is_done(server):
    product, site = server.create_product(quantity=10), AdminSite(server)
    path = f"/admin/products/product/{product['id']}/book_stock/"

    for stock in range(15, 65, 5):
        form = site.hidden_inputs(path) | {"_form_submitted": "True", "delta": "5", "note": ""}
        answers = server.at_once([site.form(path, form)] * 6)

        assert sorted(answer.status for answer in answers) == [302] + [409] * 5
        assert all(SENT_ALREADY in answer.body for answer in answers if answer.status == 409)
        assert server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["quantity"] == stock
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_of_many_forms_with_the_same_new_product_each_is_done(server):
    site, path = AdminSite(server), "/admin/products/product/add/"
    forms = [site.hidden_inputs(path) | {"name": "Twin", "price": "1", "quantity": "1"} for _ in range(4)]

    answers = server.at_once([site.form(path, form) for form in forms])

    assert [answer.status for answer in answers] == [302] * 4
    assert sum(product["name"] == "Twin" for product in server.products()) == 4
