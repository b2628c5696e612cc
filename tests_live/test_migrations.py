"""Migrations of a shop with data, and of one that is running."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from .databases import ON_POSTGRES, execute, has_advisory_lock, stopping_migrations
from .server import PASSWORD, PRODUCTION, ROOT, VARIABLES, WAIT, eventually, manage

# Unapplying these also unapplies everything that depends on them: all migrations.
APPS = ["products", "feeds", "accounts", "auth", "contenttypes", "sessions"]
# The expand step of a next version, during which this version keeps working.
EXPANSION = """
    ALTER TABLE orders_order ADD COLUMN gift boolean;
    ALTER TABLE orders_orderline ADD COLUMN discount numeric(10, 2) DEFAULT 0 NOT NULL;
    ALTER TABLE products_product ADD COLUMN ean varchar(13) DEFAULT '' NOT NULL;
    ALTER TABLE accounts_user ADD COLUMN phone varchar(30);
    CREATE TABLE orders_coupon (id bigint PRIMARY KEY, order_id bigint REFERENCES orders_order (id));
    INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '9999_of_the_next_version', CURRENT_TIMESTAMP)
"""

# A user as created by the previous version, whose models have no session_version.
USER = """
    INSERT INTO accounts_user (username, username_folded, token_version, is_active, is_staff, is_superuser,
        password, first_name, last_name, email, date_joined)
    VALUES ('{name}', '{name}', {version}, true, false, false, '!', '', '', '', CURRENT_TIMESTAMP)
"""
VERSIONS = """
from accounts.models import User
print("versions:", *User.objects.order_by("id").values_list("token_version", "session_version"))
"""


WAITS = "Another migrate is running. Waiting until it is done."


class Migrate:
    """A `migrate` that runs beside others."""

    def __init__(self, url, folder):
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": url,
            **VARIABLES[PRODUCTION],
        }
        self.path = folder / f"{len(list(folder.iterdir()))}"
        with self.path.open("w") as output:
            streams = {"cwd": ROOT, "env": environment, "stdout": output, "stderr": output}
            self.process = subprocess.Popen([sys.executable, "manage.py", "migrate"], **streams)

    @property
    def output(self):
        return self.path.read_text()

    def wait(self):
        return self.process.wait(timeout=4 * WAIT)


@pytest.fixture
def new_migrate(tmp_path):
    """A function that starts a `migrate` of a database."""
    with contextlib.ExitStack() as started:

        def new_migrate(url):
            migrate = Migrate(url, tmp_path)
            started.callback(migrate.wait)
            started.callback(migrate.process.kill)
            return migrate

        yield new_migrate


def test_of_two_migrates_at_once_one_waits_and_finds_nothing_to_do(databases, new_migrate):
    url = databases.empty()

    both = [new_migrate(url), new_migrate(url)]

    assert [migrate.wait() for migrate in both] == [0, 0], [migrate.output for migrate in both]
    second, first = sorted((migrate.output for migrate in both), key=len)
    assert "Applying orders.0001_initial... OK" in first
    assert second.startswith(WAITS)
    assert second.endswith("No migrations to apply.\n")


def test_a_migrate_that_is_killed_lets_the_next_one_continue(databases, new_migrate):
    url = databases.empty()
    with stopping_migrations(url):
        both = [new_migrate(url), new_migrate(url)]
        eventually(lambda: any(WAITS in migrate.output for migrate in both))
        second, first = sorted(both, key=lambda migrate: WAITS in migrate.output, reverse=True)
        first.process.kill()
        assert first.wait() == -signal.SIGKILL

    assert second.wait() == 0, second.output
    manage("migrate", "--check", DATABASE_URL=url)


@pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL")
def test_a_long_migration_keeps_its_lock_beyond_the_limit_for_idle_transactions(databases, new_migrate):
    url = databases.empty()
    with stopping_migrations(url):
        new_migrate(f"{url}?options=-c%20idle_in_transaction_session_timeout%3D200ms")
        eventually(lambda: has_advisory_lock(url))
        time.sleep(0.5)

        assert has_advisory_lock(url)


def test_existing_users_keep_their_token_versions(databases):
    url = databases.empty()
    manage("migrate", "accounts", "0003", DATABASE_URL=url)
    execute(url, USER.format(name="carl", version=0) + ";" + USER.format(name="dora", version=7))

    manage("migrate", DATABASE_URL=url)
    execute(url, USER.format(name="emil", version=0))

    assert "versions: (0, None) (7, None) (0, None)" in manage("shell", "--command", VERSIONS, DATABASE_URL=url)
    assert "Ended the sessions of 3 users." in manage("end_sessions", DATABASE_URL=url)
    assert "None" not in manage("shell", "--command", VERSIONS, DATABASE_URL=url)


def test_all_migrations_run_backwards_and_forwards_with_data(databases):
    url = databases.empty()

    def run(*command):
        return manage(*command, DATABASE_URL=url)

    run("migrate")
    run("demo", f"--password={PASSWORD}")
    run("migrate", "products", "0001")
    run("migrate")
    # Products from before the ledger existed have one now.
    assert " products match their movements." in run("verify_stock")

    for app in APPS:
        run("migrate", app, "zero")
    assert "[X]" not in run("showmigrations", "--list")
    run("migrate")
    run("migrate", "--check")
    run("verify_stock")


def test_this_version_keeps_selling_while_the_next_one_expands_the_tables(server):
    product = server.create_product(quantity=1000)
    body = {"items": [{"product": product["id"], "quantity": 1}]}
    calls = [("POST", "/api/orders/", body, server.customer), ("GET", "/api/orders/", None, server.customer)]
    calls += [("GET", "/api/products/", None, server.admin), ("GET", "/readyz/")]

    def answers():
        rounds = server.rounds_at_once([calls * 3] * 8)
        return {answer.status for answers in rounds for answer in answers}

    assert answers() == {200, 201}
    execute(server.database_url, EXPANSION)
    assert answers() == {200, 201}
    assert server.login("anna")
    manage("verify_stock", DATABASE_URL=server.database_url)
