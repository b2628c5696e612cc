"""A caller who is deleted or locked out during a call gets 401, and nothing is changed; never a 500."""

import re

import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db import connection
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import ClientAddress, User
from order_management.tests.test_schema import CALLS, ROWS, Shop, calling, without_token

pytestmark = pytest.mark.django_db(transaction=True)

CHANGING = [
    name for name in CALLS if (name, 401, without_token) in ROWS and not re.search("_(get|list|events|report)$", name)
]
# Refusals that come after the caller was authenticated, and calls that succeed without writing anything.
WRITING_NOTHING = [
    *[row for row in ROWS if row[1] in (409, 412)],
    *[(name, 200, calling(body={})) for name in ("product_put", "product_patch", "me_patch")],
]
# What belongs to the caller, and what counts their calls.
BESIDE = {User, OutstandingToken, ClientAddress, Session}


def delete(user):
    User.objects.filter(pk=user.pk).delete()


def lock_out(user):
    user.change(is_active=False)


class Meanwhile:
    """Does something to a user right after the nth statement that reads, outside any transaction."""

    def __init__(self, act, user, nth=1):
        self.act, self.user, self.left = act, user, nth

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if self.left and sql.startswith("SELECT") and not connection.in_atomic_block:
            self.left -= 1
            if not self.left:
                self.act(self.user)
        return result


def written():
    """Return all rows except those of BESIDE."""
    return {model: list(model.objects.order_by("pk").values()) for model in set(apps.get_models()) - BESIDE}


@pytest.fixture
def otto(db):
    """An Admin who has done nothing yet and can therefore be deleted."""
    return User.objects.create(username="otto", role=User.Role.ADMIN, password=make_password("carl's secret"))


@pytest.fixture
def shop(api, admin, customer, bat, ball, order):
    return Shop(api=api, admin=admin, customer=customer, bat=bat, ball=ball, order=order)


@pytest.fixture
def operation(api, request):
    """The operation that the test is about."""
    paths = api().get("/api/schema/").json()["paths"]
    return next(
        {"path": path, "method": method.upper(), **call}
        for path, calls in paths.items()
        for method, call in calls.items()
        if call["operationId"] == request.param
    )


# The first statement finds the caller.
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("operation", CHANGING, indirect=True)
def test_whoever_is_deleted_during_their_call_gets_401_and_nothing_is_done(shop, otto, operation, nth):
    shop.operation = operation
    call = CALLS[operation["operationId"]][0](shop) | {"by": otto}
    before, meanwhile = written(), Meanwhile(delete, otto, nth)

    answer = shop.send(**call, during=connection.execute_wrapper(meanwhile))

    if meanwhile.left:  # the call has fewer statements
        assert nth > 1
        assert answer.status_code in (200, 201)
        return
    assert (answer.status_code, answer.json()) == (401, {"detail": "Token is invalid or expired."})
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert written() == before
    assert not User.objects.filter(username="otto").exists()


@pytest.mark.parametrize("operation", CHANGING, indirect=True)
def test_whoever_is_locked_out_during_their_call_was_faster_or_gets_401(shop, otto, operation):
    shop.operation = operation
    call = CALLS[operation["operationId"]][0](shop) | {"by": otto}
    before = written()

    answer = shop.send(**call, during=connection.execute_wrapper(Meanwhile(lock_out, otto)))

    assert answer.status_code in (200, 201, 401)
    if answer.status_code == 401:
        assert written() == before
    assert not User.objects.get(username="otto").is_active


class DeletedCaller(Shop):
    """Makes the first call as otto, who is deleted during it, and no other."""

    answer = None

    def send(self, **call):
        if self.answer is None:
            with connection.execute_wrapper(Meanwhile(delete, self.otto)):
                self.answer = super().send(**call | {"by": self.otto})
        return self.answer


@pytest.mark.parametrize(
    ("operation", "status", "provoke"),
    WRITING_NOTHING,
    ids=[f"{name}-{status}" for name, status, _ in WRITING_NOTHING],
    indirect=["operation"],
)
def test_a_deleted_caller_gets_401_where_nothing_is_written(shop, otto, operation, status, provoke):
    shop.operation = operation
    assert provoke(shop).status_code == status
    before = written()

    answer = provoke(DeletedCaller(**vars(shop), otto=otto))

    assert (answer.status_code, answer.json()) == (401, {"detail": "Token is invalid or expired."})
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert written() == before
    assert not User.objects.filter(username="otto").exists()


def test_a_deleted_caller_gets_401_though_they_tried_too_many_passwords(api, otto):
    client, url = api(otto), "/api/accounts/me/password/"
    body = {"old_password": "wrong", "new_password": "n3w words"}
    assert [client.post(url, body).status_code for _ in range(11)] == [400] * 10 + [429]

    with connection.execute_wrapper(Meanwhile(delete, otto)):
        answer = client.post(url, body)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Token is invalid or expired."})
    assert not User.objects.filter(username="otto").exists()


def test_whoever_is_deleted_between_password_and_token_does_not_log_in(api, otto):
    """The statements before it: failures so far, the user, failures by now."""
    for nth in (2, 3):
        user = User.objects.filter(username="otto").first() or User.objects.create_user(
            "otto", password="carl's secret"
        )
        with connection.execute_wrapper(Meanwhile(delete, user, nth)):
            answer = api().post("/api/login/", {"username": "otto", "password": "carl's secret"})

        assert answer.status_code == 401
        assert answer.json() == {"detail": "No active account found with the given credentials"}
        assert not User.objects.filter(username="otto").exists()


NEW_USER = {"username": "dora", "usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}
PASSWORDS = {"old_password": "carl's secret", "new_password1": "a new one 17", "new_password2": "a new one 17"}
PRICES = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
DIALOG = {"_form_submitted": "True", "note": ""}
# Path and form of everything that makes a change; {bat}, {order} and {customer} are ids.
FORMS = {
    "add a product": ("products/product/add/", {"name": "Net", "price": "1", "quantity": "1"}),
    "change a name": ("products/product/{bat}/change/", {"name": "Club", "price": "1200.00"}),
    "change a price in the list": ("products/product/", PRICES | {"form-0-id": "{bat}", "form-0-price": "9.90"}),
    "book stock": ("products/product/{bat}/book_stock/", DIALOG | {"delta": "5"}),
    "delete a product": ("products/product/{bat}/delete/", {"post": "yes"}),
    "delete products": ("products/product/", {"action": "delete_selected", "_selected_action": "{bat}", "post": "yes"}),
    "import": ("products/product/import/", {"file": ",Net,1,1"}),
    "import prices": ("products/product/import/", {"file": "{bat},Bat,9.90,"}),
    "take a step": ("orders/order/{order}/cancel/", DIALOG),
    "take a step with many": ("orders/order/", {"action": "confirm", "_selected_action": "{order}"}),
    "add a user": ("accounts/user/add/", NEW_USER),
    "promote": ("accounts/user/{customer}/change/", {"username": "carl", "role": "admin", "is_active": "on"}),
    "promote many": ("accounts/user/", {"action": "make_admin", "_selected_action": "{customer}"}),
    "lock out": ("accounts/user/", {"action": "lock_out", "_selected_action": "{customer}"}),
    "set a password": ("accounts/user/{customer}/password/", NEW_USER),
    "delete a user": ("accounts/user/{cora}/delete/", {"post": "yes"}),
    "change one's password": ("password_change/", PASSWORDS),
}


def people():
    return list(User.objects.exclude(username="otto").order_by("pk").values())


@pytest.mark.parametrize("form", FORMS)
def test_whoever_is_deleted_during_a_call_of_the_admin_site_is_led_to_the_login(client, shop, otto, form):
    ids = {"bat": shop.bat.pk, "order": shop.order.pk, "customer": shop.customer.pk}
    ids["cora"] = User.objects.create_user("cora").pk
    path, fields = FORMS[form]
    body = {name: str(value).format(**ids) for name, value in fields.items()}
    if "file" in body:
        body["file"] = ContentFile(f"id,name,price,quantity\n{body['file']}\n", name="products.csv")
    client.force_login(otto)
    before = written(), people()

    # The session is read first, then the user.
    with connection.execute_wrapper(Meanwhile(delete, otto, nth=2)):
        answer = client.post(f"/admin/{path}".format(**ids), body)

    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/admin/login/")
    assert "Nothing was saved." in client.get("/admin/login/").content.decode()
    assert (written(), people()) == before


def test_whoever_is_deleted_before_their_old_hash_is_replaced_does_not_log_in(api, otto):
    User.objects.update(password=make_password("carl's secret", hasher="argon2"))
    with connection.execute_wrapper(Meanwhile(delete, otto, nth=2)):
        answer = api().post("/api/login/", {"username": "otto", "password": "carl's secret"})

    assert answer.status_code == 401


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whoever_is_deleted_while_they_log_in_to_the_admin_site_does_not_get_in(client, otto, nth):
    with connection.execute_wrapper(Meanwhile(delete, otto, nth)):
        answer = client.post("/admin/login/", {"username": "otto", "password": "carl's secret"})

    assert answer.status_code == 200
    assert "Please enter the correct username and password" in answer.content.decode()
    assert client.get("/admin/").status_code == 302
