"""Forms of the admin site that are submitted several times at once, or while another Admin deletes their object."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from .admin_site import AdminSite
from .databases import ON_POSTGRES, has_lock_wait, user_being_deleted
from .server import PASSWORD, eventually, manage

ALREADY_SUBMITTED = "This form has already been submitted. Nothing was changed this time."


def test_a_form_submitted_many_times_at_once_is_processed_once(server):
    product, site = server.create_product(quantity=10), AdminSite(server)
    path = f"/admin/products/product/{product['id']}/book_stock/"

    for stock in range(15, 65, 5):
        form = site.hidden_inputs(path) | {"_form_submitted": "True", "delta": "5", "note": ""}
        answers = server.at_once([site.form(path, form)] * 6)

        assert sorted(answer.status for answer in answers) == [302] + [409] * 5
        assert all(ALREADY_SUBMITTED in answer.body for answer in answers if answer.status == 409)
        assert server.call("GET", f"/api/products/{product['id']}/", token=server.admin).body["quantity"] == stock
    manage("verify_stock", DATABASE_URL=server.database_url)


def test_separate_forms_with_the_same_new_product_are_all_processed(server):
    site, path = AdminSite(server), "/admin/products/product/add/"
    forms = [site.hidden_inputs(path) | {"name": "Twin", "price": "1", "quantity": "1"} for _ in range(4)]

    answers = server.at_once([site.form(path, form) for form in forms])

    assert [answer.status for answer in answers] == [302] * 4
    assert sum(product["name"] == "Twin" for product in server.products()) == 4


@pytest.mark.skipif(not ON_POSTGRES, reason="SQLite has one writer: the form is processed after the deletion")
@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("change", {"username": "dora", "first_name": "Dora", "role": "customer", "is_active": "on"}),
        ("password", {"usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}),
    ],
)
def test_saving_a_user_who_is_being_deleted_answers_404(server, page, fields):
    server.call("POST", "/api/accounts/register/", {"username": "dora", "password": PASSWORD})
    (dora,) = server.call("GET", "/api/accounts/users/?search=dora", token=server.admin).body
    site, path = AdminSite(server), f"/admin/accounts/user/{dora['id']}/{page}/"
    form = site.form(path, site.hidden_inputs(path) | fields)
    with ThreadPoolExecutor() as threads:
        with user_being_deleted(server.database_url, "dora"):
            answer = threads.submit(server.call, *form)
            eventually(lambda: has_lock_wait(server.database_url))

        assert answer.result().status == 404
