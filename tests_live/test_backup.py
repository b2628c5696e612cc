"""Backups of a server under load and their restore, with the commands of docs/operations.md."""

import os
import subprocess

from .databases import ON_POSTGRES, execute
from .server import ADMIN, CUSTOMER, PASSWORD, PRODUCTION, Server, eventually, manage
from .test_feeds import STOCK, follow, read
from .test_order_durability import BUYERS, Buyer, under_load

VACUUM = "from django.db import connection; connection.cursor().execute('VACUUM INTO %s', ['{file}'])"


def run(*command):
    subprocess.run(command, check=True, timeout=60, env={"PATH": os.environ["PATH"]})


def back_up(url, file):
    if ON_POSTGRES:
        run("pg_dump", "--format=custom", f"--file={file}", url)
    else:
        manage("shell", "--command", VACUUM.format(file=file), DATABASE_URL=url)


def restore(file, databases):
    """Restore the backup into a new database and return its URL."""
    if not ON_POSTGRES:
        return f"sqlite:///{file}"
    url = databases.empty()
    run("pg_restore", "--single-transaction", "--no-owner", f"--dbname={url}", str(file))
    return url


def test_a_backup_contains_every_order_acknowledged_before_it(new_server, databases, tmp_path):
    file, before = tmp_path / "shop.backup", []
    with new_server() as server:
        server.customer  # noqa: B018 (logs in before the load)
        products = [server.create_product(quantity=10**6) for _ in range(2)]
        buyers = [Buyer(server, products) for _ in range(BUYERS)]

        def disturb():
            eventually(lambda: len(acknowledged(buyers)) > 50)
            before.extend(acknowledged(buyers))
            back_up(server.database_url, file)
            assert len(acknowledged(buyers)) > len(before), "no order was acknowledged during the backup"

        under_load(buyers, disturb)
        assert {answer.status for buyer in buyers for answer, _ in buyer.answers.values()} == {201}

    url = restore(file, databases)
    manage("verify_stock", DATABASE_URL=url)
    manage("migrate", "--check", DATABASE_URL=url)
    assert "Ended the sessions of 2 users." in manage("end_sessions", DATABASE_URL=url)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "log") as restored:
        assert restored.call("GET", "/readyz/").status == 200
        for order in before:
            found = restored.call("GET", f"/api/orders/{order['id']}/", token=restored.customer)
            assert (found.status, found.body) == (200, order)
        assert restored.create_product()["id"] > products[-1]["id"]


def test_readers_of_feeds_start_again_after_a_restore(new_server, databases, tmp_path):
    file = tmp_path / "shop.backup"
    with new_server() as server:
        product = server.create_product()
        back_up(server.database_url, file)
        _, cursor = read(server, f"{STOCK}?start=latest")

    url = restore(file, databases)
    # As if the backup came from a cluster that has had many more transactions.
    execute(url, "UPDATE products_stockmovement SET position = position + 1000000000")
    manage("restart_feeds", DATABASE_URL=url)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "log") as restored:
        assert restored.call("GET", cursor, token=restored.admin).status == 400
        created = restored.create_product()
        assert [row["product"] for row in follow(restored, STOCK)] == [product["id"], created["id"]]


def log_in(server, username):
    """Register a user and return their tokens, used once so that the server has cached them."""
    server.call("POST", "/api/accounts/register/", {"username": username, "password": PASSWORD})
    pair = server.login(username)
    assert server.call("GET", "/api/accounts/me/", token=pair["access"]).status == 200
    return pair


def assert_revoked(server, pairs):
    for pair in pairs:
        assert server.call("GET", "/api/accounts/me/", token=pair["access"]).status == 401
        assert server.call("POST", "/api/login/refresh/", {"refresh": pair["refresh"]}).status == 401
        assert server.call("POST", "/api/logout/", {"refresh": pair["refresh"]}).status == 401


def test_no_token_from_before_a_restore_is_accepted(new_server, databases, tmp_path):
    file = tmp_path / "shop.backup"
    with new_server() as server:
        pairs = [log_in(server, name) for name in (ADMIN, CUSTOMER)]
        back_up(server.database_url, file)
        # The backup has none of these: a logout, new tokens and a new user, whose id another user will get.
        server.call("POST", "/api/logout/", {"refresh": pairs[1]["refresh"]})
        pairs += [log_in(server, name) for name in (CUSTOMER, "dora")]

    url = restore(file, databases)
    manage("end_sessions", DATABASE_URL=url)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "log") as restored:
        log_in(restored, "emil")
        assert_revoked(restored, pairs)


def test_no_token_of_another_database_is_accepted(new_server):
    with new_server() as server:
        pairs = [log_in(server, name) for name in (ADMIN, CUSTOMER, "dora")]

    # A new database with the same key, as if db.sqlite3 had been deleted.
    with new_server() as server:
        for name in ("emil", "fred"):
            log_in(server, name)
        assert_revoked(server, pairs[1:])  # both databases have the same Admin, because they are copies of one


def acknowledged(buyers):
    return [answer.body for buyer in buyers for answer, _ in list(buyer.answers.values()) if answer]
