"""A caller who is deleted or locked out during a call gets a 401 and changes nothing; never a 500."""

import re

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db import connection
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import ClientAddress, User
from order_management.tests.test_schema import (
    CALLS,
    ROWS,
    Shop,
    calling,
    change_of,
    deleted_product,
    without_token,
)

pytestmark = pytest.mark.django_db(transaction=True)

CHANGING = [
    name
    for name in CALLS
    if (name, 401, without_token) in ROWS and not re.search("_(get|list|feed|events|report|preview)$", name)
]
# Refusals after authentication, and calls that succeed without writing anything.
WRITING_NOTHING = [
    *[row for row in ROWS if row[1] in (409, 412)],
    *[(name, 200, calling(body={})) for name in ("product_put", "product_patch", "me_patch")],
    ("stock_change", 200, lambda shop: shop.call(**change_of(shop.bat, quantity=8))),
]
# Rows that belong to the caller or count their calls.
IGNORED = {User, OutstandingToken, ClientAddress, Session}


def delete(user):
    User.objects.filter(pk=user.pk).delete()


def lock_out(user):
    user.set_access(is_active=False)


class AfterRead:
    """Acts on a user right after the nth SELECT outside a transaction."""

    def __init__(self, act, user, nth=1):
        self.act, self.user, self.left = act, user, nth

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if self.left and sql.startswith("SELECT") and not connection.in_atomic_block:
            self.left -= 1
            if not self.left:
                self.act(self.user)
        return result


def rows():
    """Return all rows except those of the IGNORED models."""
    return {model: list(model.objects.order_by("pk").values()) for model in set(apps.get_models()) - IGNORED}


@pytest.fixture
def otto(db):
    """An Admin who has done nothing yet, so they can be deleted."""
    return User.objects.create(username="otto", role=User.Role.ADMIN, password=make_password("carl's secret"))


@pytest.fixture
def shop(api, admin, customer, bat, ball, order):
    return Shop(api=api, admin=admin, customer=customer, bat=bat, ball=ball, order=order)


@pytest.fixture
def operation(api, request):
    """The operation under test."""
    paths = api().get("/api/schema/").json()["paths"]
    return next(
        {"path": path, "method": method.upper(), **call}
        for path, calls in paths.items()
        for method, call in calls.items()
        if call["operationId"] == request.param
    )


# The first statement looks up the caller.
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("operation", CHANGING, indirect=True)
def test_a_caller_deleted_during_the_call_gets_401_and_changes_nothing(shop, otto, operation, nth):
    shop.operation = operation
    call = CALLS[operation["operationId"]][0](shop) | {"by": otto}
    before, meanwhile = rows(), AfterRead(delete, otto, nth)

    answer = shop.send(**call, during=connection.execute_wrapper(meanwhile))

    if meanwhile.left:  # the call has fewer statements
        assert nth > 1
        assert answer.status_code in (200, 201)
        return
    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "Token is invalid or expired.", "code": "token_not_valid"},
    )
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert rows() == before
    assert not User.objects.filter(username="otto").exists()


@pytest.mark.parametrize("operation", CHANGING, indirect=True)
def test_a_caller_locked_out_during_the_call_succeeds_or_gets_401(shop, otto, operation):
    shop.operation = operation
    call = CALLS[operation["operationId"]][0](shop) | {"by": otto}
    before = rows()

    answer = shop.send(**call, during=connection.execute_wrapper(AfterRead(lock_out, otto)))

    assert answer.status_code in (200, 201, 401)
    if answer.status_code == 401:
        assert rows() == before
    assert not User.objects.get(username="otto").is_active


class DeletedCaller(Shop):
    """Makes only the first call, as otto, who is deleted during it."""

    answer = None

    def send(self, **call):
        if self.answer is None:
            with connection.execute_wrapper(AfterRead(delete, self.otto)):
                self.answer = super().send(**call | {"by": self.otto})
        return self.answer


@pytest.mark.parametrize(
    ("operation", "status", "provoke"),
    WRITING_NOTHING,
    ids=[f"{name}-{status}" for name, status, _ in WRITING_NOTHING],
    indirect=["operation"],
)
def test_a_deleted_caller_gets_401_even_if_nothing_is_written(shop, otto, operation, status, provoke):
    shop.operation = operation
    assert provoke(shop).status_code == status
    before = rows()

    answer = provoke(DeletedCaller(**vars(shop), otto=otto))

    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "Token is invalid or expired.", "code": "token_not_valid"},
    )
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert rows() == before
    assert not User.objects.filter(username="otto").exists()


def test_a_deleted_caller_gets_401_even_after_too_many_wrong_passwords(api, otto):
    client, url = api(otto), "/api/accounts/me/password/"
    body = {"old_password": "wrong", "new_password": "n3w words"}
    assert [client.post(url, body).status_code for _ in range(11)] == [400] * 10 + [429]

    with connection.execute_wrapper(AfterRead(delete, otto)):
        answer = client.post(url, body)

    assert (answer.status_code, answer.json()) == (
        401,
        {"detail": "Token is invalid or expired.", "code": "token_not_valid"},
    )
    assert not User.objects.filter(username="otto").exists()


def test_a_user_deleted_between_password_check_and_token_cannot_log_in(api, otto):
    """The statements before the token: earlier failures, the user, the failures again."""
    for nth in (2, 3):
        user = User.objects.filter(username="otto").first() or User.objects.create_user(
            "otto", password="carl's secret"
        )
        with connection.execute_wrapper(AfterRead(delete, user, nth)):
            answer = api().post("/api/login/", {"username": "otto", "password": "carl's secret"})

        assert answer.status_code == 401
        assert answer.json() == {
            "detail": "No active account found with the given credentials",
            "code": "no_active_account",
        }
        assert not User.objects.filter(username="otto").exists()


NEW_USER = {"username": "dora", "usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}
PASSWORDS = {"old_password": "carl's secret", "new_password1": "a new one 17", "new_password2": "a new one 17"}
PRICES = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
DIALOG = {"_form_submitted": "True", "note": ""}
LINES = [f"lines-{name}_FORMS" for name in ("TOTAL", "INITIAL")]
# Path and fields of every form that makes a change; {bat}, {order} and {customer} are ids.
FORMS = {
    "add a product": ("products/product/add/", {"name": "Net", "price": "1", "quantity": "1"}),
    "change a name": ("products/product/{bat}/change/", {"name": "Club", "price": "1200.00"}),
    "change a price in the list": ("products/product/", PRICES | {"form-0-id": "{bat}", "form-0-price": "9.90"}),
    "adjust stock": ("products/product/{bat}/book_stock/", DIALOG | {"delta": "5"}),
    "count stock": ("products/product/{bat}/book_stock/", DIALOG | {"quantity": "8", "expected": "8"}),
    "restore a product": ("products/product/{ball}/restore/", DIALOG),
    "restore products": (
        "products/product/?deleted=true",
        {"action": "restore_selected", "_selected_action": "{ball}"},
    ),
    "delete a product": ("products/product/{bat}/delete/", {"post": "yes"}),
    "delete products": ("products/product/", {"action": "delete_selected", "_selected_action": "{bat}", "post": "yes"}),
    "import": ("products/product/import/", {"file": ",Net,1,1"}),
    "import prices": ("products/product/import/", {"file": "{bat},Bat,9.90,"}),
    "place an order": (
        "orders/order/new/",
        {"customer": "{customer}", "lines-0-product": "{bat}", "_place": "1"} | dict.fromkeys(LINES, 0),
    ),
    "take a step": ("orders/order/{order}/cancel/", DIALOG),
    "take a step with many": ("orders/order/", {"action": "confirm", "_selected_action": "{order}"}),
    "add a user": ("accounts/user/add/", NEW_USER),
    "promote": ("accounts/user/{customer}/change/", {"username": "carl", "role": "admin", "is_active": "on"}),
    "promote many": ("accounts/user/", {"action": "make_admin", "_selected_action": "{customer}", "post": "yes"}),
    "lock out": ("accounts/user/", {"action": "lock_out", "_selected_action": "{customer}", "post": "yes"}),
    "set a password": ("accounts/user/{customer}/password/", NEW_USER),
    "delete a user": ("accounts/user/{cora}/delete/", {"post": "yes"}),
    "change one's password": ("password_change/", PASSWORDS),
}


def other_users():
    return list(User.objects.exclude(username="otto").order_by("pk").values())


@pytest.mark.parametrize("form", FORMS)
def test_a_user_deleted_while_using_the_admin_site_is_redirected_to_the_login(client, shop, otto, form):
    ids = {"bat": shop.bat.pk, "order": shop.order.pk, "customer": shop.customer.pk}
    ids["cora"] = User.objects.create_user("cora").pk
    ids["ball"] = deleted_product(shop)["pk"]
    path, fields = FORMS[form]
    body = {name: str(value).format(**ids) for name, value in fields.items()}
    if "file" in body:
        body["file"] = ContentFile(f"id,name,price,quantity\n{body['file']}\n", name="products.csv")
    client.force_login(otto)
    before = rows(), other_users()

    # The first statement reads the session, the second the user.
    with connection.execute_wrapper(AfterRead(delete, otto, nth=2)):
        answer = client.post(f"/admin/{path}".format(**ids), body)

    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")
    assert "Nothing was saved." in client.get("/admin/login/").content.decode()
    assert (rows(), other_users()) == before


def test_a_user_deleted_before_the_hash_upgrade_cannot_log_in(api, otto):
    User.objects.update(password=make_password("carl's secret", hasher="argon2"))
    with connection.execute_wrapper(AfterRead(delete, otto, nth=2)):
        answer = api().post("/api/login/", {"username": "otto", "password": "carl's secret"})

    assert answer.status_code == 401


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_user_deleted_while_logging_in_to_the_admin_site_does_not_get_in(client, otto, nth):
    with connection.execute_wrapper(AfterRead(delete, otto, nth)):
        answer = client.post("/admin/login/", {"username": "otto", "password": "carl's secret"})

    assert answer.status_code == 200
    assert "Please enter the correct username and password" in answer.content.decode()
    assert client.get("/admin/").status_code == 302
