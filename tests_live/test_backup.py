"""A backup of a server that goes on selling, by the commands of docs/operations.md, and what comes back from it."""

import os
import subprocess

from .databases import ON_POSTGRES
from .server import PRODUCTION, Server, eventually, manage
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
    """Return the URL of a new database with what the backup has."""
    if not ON_POSTGRES:
        return f"sqlite:///{file}"
    url = databases.empty()
    run("pg_restore", "--single-transaction", "--no-owner", f"--dbname={url}", str(file))
    return url


def test_every_order_acknowledged_before_a_backup_is_in_it(new_server, databases, tmp_path):
    file, before = tmp_path / "shop.backup", []
    with new_server() as server:
        server.customer  # noqa: B018 (logs in before the load)
        products = [server.create_product(quantity=10**6) for _ in range(2)]
        buyers = [Buyer(server, products) for _ in range(BUYERS)]

        def disturb():
            eventually(lambda: len(acknowledged(buyers)) > 50)
            before.extend(acknowledged(buyers))
            back_up(server.database_url, file)
            assert len(acknowledged(buyers)) > len(before), "nobody was kept waiting for the backup to end"

        under_load(buyers, disturb)
        assert {answer.status for buyer in buyers for answer, _ in buyer.answers.values()} == {201}

    url = restore(file, databases)
    manage("verify_stock", DATABASE_URL=url)
    manage("migrate", "--check", DATABASE_URL=url)
    with Server(PRODUCTION, database_url=url, log=tmp_path / "log") as restored:
        assert restored.call("GET", "/readyz/").status == 200
        for order in before:
            found = restored.call("GET", f"/api/orders/{order['id']}/", token=server.customer)
            assert (found.status, found.body) == (200, order)
        assert restored.create_product()["id"] > products[-1]["id"]


def acknowledged(buyers):
    return [answer.body for buyer in buyers for answer, _ in list(buyer.answers.values()) if answer]
