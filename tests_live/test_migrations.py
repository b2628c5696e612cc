"""Migrations of a shop with data, and of one that is running."""

from .databases import execute
from .server import PASSWORD, manage

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
