"""`manage.py export_user` writes everything that is kept about a person, `anonymise_user` erases their name from it."""

import json
import re
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import ClientAddress, User
from order_management.tests.test_admin_forms import forms
from orders.models import Order
from products.models import Product, StockMovement

NAME, PASSWORD = "ZoeMarker", "zoe's secret"
# In every text that she sends, and in those that others write about her orders.
MARKER = "zoemarker"
ORDERS, PRODUCTS, SITE = "/api/orders/", "/api/products/", "/admin"
STEPS = ["confirm", "ship", "deliver", "return"]
# Where the shop keeps the marker before she is anonymised. A new entry must be erased as well.
KEPT = {
    *[("accounts_user", column) for column in ("username", "username_folded", "email", "first_name", "last_name")],
    *[("orders_order", "note"), ("orders_orderevent", "note"), ("products_stockmovement", "note")],
    *[("orders_idempotencykey", "response"), ("products_productimport", "by"), ("django_admin_log", "object_repr")],
}


def run(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def anonymise(name):
    return run("anonymise_user", name, "--no-input")


def places():
    """Return the table and column of every value in the database that contains the marker, in any case."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found |= {(table, column) for column, value in zip(columns, row, strict=True) if has_marker(value)}
    if any(has_marker(session.get_decoded()) for session in Session.objects.all()):
        found.add(("django_session", "session_data"))
    return found


def has_marker(value):
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return MARKER in text.casefold()


@pytest.fixture
def zoe(api, admin):
    """An Admin with a profile, who has registered in another spelling and failed to log in once."""
    api().post("/api/accounts/register/", {"username": "ＺoeMarker", "password": PASSWORD})
    zoe = User.objects.get(username=NAME)
    api(admin).patch(f"/api/accounts/users/{zoe.pk}/", {"role": "admin"})
    profile = {"email": f"{NAME}@example.com", "first_name": f"first {NAME}", "last_name": f"last {NAME}"}
    assert api(zoe).patch("/api/accounts/me/", profile).status_code == 200
    assert api().post("/api/login/", {"username": NAME, "password": NAME}).status_code == 401
    return User.objects.get(pk=zoe.pk)


@pytest.fixture
def calls(api, admin, customer, zoe, bat):
    """What she and the others do through the API: orders, steps and stock, with notes and keys."""
    count = iter(range(100))

    def call(user, url, **body):
        headers = {"Idempotency-Key": f"key-{next(count)}"}
        response = api(user).post(url, {"note": f"note {NAME}"} | body, headers=headers)
        assert response.status_code in (200, 201), response.content
        return response.json()

    items = [{"product": bat.pk, "quantity": 1}]
    own, other = call(zoe, ORDERS, items=items)["id"], call(zoe, ORDERS, items=items, customer="carl")["id"]
    call(admin, ORDERS, items=items, customer=NAME)
    for step in STEPS:
        call(admin, f"{ORDERS}{own}/{step}/")
        call(zoe, f"{ORDERS}{other}/{step}/")
    call(zoe, f"{PRODUCTS}{bat.pk}/stock/", delta=3)
    call(zoe, f"{PRODUCTS}stock/", changes=[{"product": bat.pk, "quantity": 9}])


@pytest.fixture
def site_forms(zoe, admin, customer, bat):
    """What she does in the admin site, and what another Admin does with her account there."""
    site, other = Client(), Client()
    login = {"username": NAME, "password": PASSWORD}
    assert site.post(f"{SITE}/login/", login).status_code == 302
    other.force_login(admin)

    def send(client, path, *, button=None, **fields):
        form = forms(client.get(f"{SITE}/{path}"))[0] if button else {"_form_submitted": "True"}
        response = client.post(f"{SITE}/{path}", form | fields | ({button: "1"} if button else {}))
        assert response.status_code in (204, 302), response.content.decode()

    send(site, f"products/product/{bat.pk}/book_stock/", delta="2", note=f"note {NAME}")
    line = {"lines-0-product": bat.pk, "lines-0-quantity": "1", "note": f"note {NAME}"}
    send(site, "orders/order/new/", button="_place", customer=zoe.pk, **line)
    send(site, f"orders/order/{Order.objects.first().pk}/cancel/", note=f"note {NAME}")
    send(site, f"accounts/user/{zoe.pk}/change/", button="_save", first_name=f"first {NAME}")
    send(other, f"accounts/user/{zoe.pk}/change/", button="_save", is_active="on", last_name=f"last {NAME}")
    file = SimpleUploadedFile(f"{NAME}.csv", b"id,name,price,quantity\n,Net,5.50,2\n")
    assert site.post(f"{SITE}/products/product/import/", {"file": file}).url == f"{SITE}/products/product/"
    assert other.post(f"{SITE}/login/", login | {"password": NAME}).status_code == 200
    return site


def test_no_column_of_any_table_has_the_name_afterwards(zoe, calls, site_forms):
    assert places() == KEPT

    assert anonymise("ＺOEmarker") == f"The user is now anonymous:{zoe.pk}.\n"

    assert places() == set()


def test_orders_and_ledger_stay_and_show_the_anonymous_user(api, admin, zoe, calls, site_forms):
    orders = Order.objects.filter(customer=zoe).count()
    numbers = list(Order.objects.values_list("pk", "status", "total"))
    ledger = list(StockMovement.objects.values_list("pk", "kind", "delta", "balance", "position"))
    by = StockMovement.objects.filter(by=zoe).count()

    anonymise(NAME)

    user = User.objects.get(username=f"anonymous:{zoe.pk}")
    assert Order.objects.filter(customer=user).count() == orders == 3
    assert list(Order.objects.values_list("pk", "status", "total")) == numbers
    assert list(StockMovement.objects.values_list("pk", "kind", "delta", "balance", "position")) == ledger
    assert StockMovement.objects.filter(by=user).count() == by
    assert "products match their movements." in run("verify_stock")
    assert len(api(admin).get(f"{ORDERS}?customer=anonymous:{zoe.pk}").json()) == orders


def test_the_notes_of_others_stay(api, customer, zoe, bat):
    items = [{"product": bat.pk, "quantity": 1}]
    order = api(customer).post(ORDERS, {"items": items, "note": "ring twice"}).json()["id"]
    api(zoe).post(f"{ORDERS}{order}/confirm/", {"note": "checked"})

    anonymise(NAME)

    assert api(customer).get(f"{ORDERS}{order}/").json()["note"] == "ring twice"
    [_, confirmed] = api(customer).get(f"{ORDERS}{order}/events/").json()
    assert (confirmed["by"], confirmed["note"]) == (f"anonymous:{zoe.pk}", "")


def test_nobody_can_log_in_as_the_person_or_the_anonymous_user(api, zoe, calls, site_forms):
    client = api(zoe)
    assert client.get("/api/accounts/me/").status_code == 200

    anonymise(NAME)

    assert client.get("/api/accounts/me/").status_code == 401
    assert site_forms.get("/admin/").status_code == 302
    for name in (NAME, f"anonymous:{zoe.pk}"):
        assert api().post("/api/login/", {"username": name, "password": PASSWORD}).status_code == 401
    assert not Session.objects.filter(pk=site_forms.cookies["sessionid"].value).exists()


def test_the_name_is_free_again_and_its_new_owner_is_somebody_else(api, zoe, calls):
    old = api(zoe)
    anonymise(NAME)

    assert api().post("/api/accounts/register/", {"username": NAME, "password": "another"}).status_code == 201

    user = User.objects.get(username=NAME)
    assert user.pk != zoe.pk
    assert api(user).get(ORDERS).json() == []
    assert old.get(ORDERS).status_code == 401


def test_nobody_can_register_the_name_of_an_anonymous_user(api, site, db):
    taken = api().post("/api/accounts/register/", {"username": "anonymous:17", "password": "1234"})

    assert taken.status_code == 400
    assert list(taken.json()) == ["username"]
    form = {"username": "anonymous:17", "password1": "n3w words", "password2": "n3w words"}
    assert site.post("/admin/accounts/user/add/", form).status_code == 200
    assert not User.objects.filter(username="anonymous:17").exists()


def test_readers_of_changed_orders_see_the_orders_again(api, admin, zoe, calls):
    reader = api(admin)
    newest = reader.get(f"{ORDERS}?ordering=-updated_at").json()[0]["updated_at"]
    [order] = reader.get(f"{ORDERS}?customer={NAME}&status=returned").json()
    etag = reader.get(f"{ORDERS}{order['id']}/").headers["ETag"]

    anonymise(NAME)

    changed = reader.get(f"{ORDERS}?updated_since={newest.replace('+', '%2B')}&customer=anonymous:{zoe.pk}").json()
    assert order["id"] in [order["id"] for order in changed]
    assert reader.get(f"{ORDERS}{order['id']}/", headers={"If-None-Match": etag}).status_code == 200


def test_a_retry_of_somebody_else_gets_the_answer_without_the_name(api, admin, zoe, bat):
    def retry():
        items = [{"product": bat.pk, "quantity": 1}]
        body = {"items": items, "customer": NAME, "note": f"for {NAME}"}
        return api(admin).post(ORDERS, body, headers={"Idempotency-Key": "one"})

    first = retry().json()
    anonymise(NAME)
    again = retry()

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first | {"customer": f"anonymous:{zoe.pk}", "note": ""}


def test_failed_logins_of_the_name_no_longer_count_for_it_but_for_the_address(zoe):
    anonymise(NAME)

    [client] = ClientAddress.objects.all()
    assert [name for _, name in client.failed_logins] == [None]


def test_the_last_active_admin_stays(admin, zoe):
    zoe.set_access(is_active=False)

    with pytest.raises(CommandError, match=r"This is the only active Admin\. Make another user an Admin first\."):
        anonymise("anna")
    assert User.objects.filter(username="anna").exists()

    assert anonymise(NAME) == f"The user is now anonymous:{zoe.pk}.\n"


def test_an_anonymous_user_stays_as_they_are(zoe):
    anonymise(NAME)
    before = User.objects.values().get(username=f"anonymous:{zoe.pk}")

    assert anonymise(f"anonymous:{zoe.pk}") == "This user is already anonymous. Nothing was changed.\n"

    assert User.objects.values().get(username=f"anonymous:{zoe.pk}") == before


@pytest.mark.parametrize("command", ["anonymise_user", "export_user"])
@pytest.mark.parametrize("name", ["nobody", "", " carl ", "a" * 1000, "carl\udcff"])  # \udcff: a byte not in UTF-8
def test_an_unknown_name_is_an_error(customer, command, name):
    with pytest.raises(CommandError, match=re.escape(f"There is no user named {name!r}.")) as error:
        run(command, name)

    assert error.value.returncode == 1


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "is_erased"), [("yes\n", True), ("no\n", False), ("\n", False), ("", False)])
def test_the_command_asks_first_in_a_terminal(customer, monkeypatch, answer, is_erased):
    monkeypatch.setattr("sys.stdin", Terminal(answer))

    if is_erased:
        run("anonymise_user", "carl")
    else:
        with pytest.raises(CommandError):
            run("anonymise_user", "carl")

    assert User.objects.filter(username="carl").exists() is not is_erased


@pytest.mark.parametrize("stdin", [StringIO(""), None], ids=["empty", "closed"])
def test_a_program_is_not_asked(customer, monkeypatch, stdin):
    monkeypatch.setattr("sys.stdin", stdin)

    run("anonymise_user", "carl")

    assert not User.objects.filter(username="carl").exists()


def test_every_reference_to_a_user_is_moved_or_deleted():
    fields = {
        str(relation.field): relation.on_delete.__name__
        for relation in User._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete and hasattr(relation, "on_delete")
    }

    # Rows with PROTECT are moved, and so is the history. All others belong to the account.
    assert {name for name, action in fields.items() if action != "PROTECT"} == {
        *["admin.LogEntry.user", "accounts.IdempotencyKey.user", "token_blacklist.OutstandingToken.user"],
        *["accounts.User_groups.user", "accounts.User_user_permissions.user"],
    }


def test_the_export_has_everything_that_is_kept(zoe, calls, site_forms):
    kept = json.loads(run("export_user", NAME))

    assert {name: len(rows) for name, rows in kept.items()} == {
        "account": 9,
        "refresh_tokens": 9,
        "admin_sessions": 1,
        "idempotency_keys": 8,
        "failed_logins": 1,
        "admin_history": 2,
        "orders": 3,
        "notes_on_orders_of_others": 1,
        "steps_of_orders_of_others": 5,
        "stock_movements": StockMovement.objects.filter(by=zoe).count(),
        "imports": 1,
    }
    assert kept["account"]["email"] == f"{NAME}@example.com"
    assert [event["action"] for event in kept["orders"][0]["events"]] == ["place", *STEPS]
    [line] = kept["orders"][0]["lines"]
    assert (line["name"], line["quantity"], line["returned"], line["subtotal"]) == ("Bat", 1, 1, "1200.00")


def test_the_export_has_no_secret(api, zoe, calls, site_forms):
    text = run("export_user", NAME)

    zoe.refresh_from_db()
    secrets = [PASSWORD, zoe.password, site_forms.cookies["sessionid"].value, "eyJ"]
    assert not [secret for secret in secrets if secret in text]
    assert not re.search(r"version|password|\bjti\b", text)


def test_the_export_of_a_new_customer_is_nearly_empty(customer):
    kept = json.loads(run("export_user", "CARL"))

    assert kept.pop("account")["username"] == "carl"
    assert not any(kept.values())


def test_the_file_is_new_and_only_for_its_owner(customer, tmp_path):
    file = tmp_path / "carl.json"

    assert run("export_user", "carl", str(file)) == ""

    assert json.loads(file.read_text(encoding="utf-8")) == json.loads(run("export_user", "carl"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    file.write_text("mine")
    with pytest.raises(CommandError, match=r"carl.json already exists, and is not overwritten\."):
        run("export_user", "carl", str(file))
    assert file.read_text() == "mine"


def test_a_missing_folder_is_an_error(customer, tmp_path):
    with pytest.raises(CommandError, match=r"There is no directory .*missing\."):
        run("export_user", "carl", str(tmp_path / "missing" / "carl.json"))


def test_the_shop_goes_on(api, admin, zoe, calls, bat):
    anonymise(NAME)

    [pending] = api(admin).get(f"{ORDERS}?customer=anonymous:{zoe.pk}&status=pending").json()
    assert api(admin).post(f"{ORDERS}{pending['id']}/cancel/").json()["status"] == "cancelled"
    assert Product.objects.get(pk=bat.pk).quantity == StockMovement.objects.filter(product=bat).first().balance
