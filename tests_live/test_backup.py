"""Backups of a server under load and their restore."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from .databases import CLUSTER, ON_POSTGRES, execute, name_of
from .server import ADMIN, CUSTOMER, PASSWORD, PRODUCTION, ROOT, VARIABLES, WAIT, Server, eventually, free_port, manage
from .test_feeds import STOCK, follow, read
from .test_order_durability import BUYERS, Buyer, under_load

on_postgres = pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL")


def restore(file, databases):
    """Restore the backup into a new database and return its URL."""
    url = databases.empty()
    manage("restore", str(file), DATABASE_URL=url)
    return url


def begin(*command, **variables):
    """Start a command of manage.py, and return its process."""
    environment = {"PATH": os.environ["PATH"]} | VARIABLES[PRODUCTION] | variables
    words = [sys.executable, "manage.py", *map(str, command)]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def refused(*command, **variables):
    """Run a command that must fail, and return its error, which must be one line."""
    process = begin(*command, **variables)
    error = process.communicate(timeout=4 * WAIT)[1]
    assert (process.returncode, error.count("\n")) == (1, 1), error
    return error


def test_a_backup_contains_every_order_acknowledged_before_it(new_server, databases, tmp_path):
    file, before = tmp_path / "shop.backup", []
    with new_server() as server:
        server.customer  # noqa: B018 (logs in before the load)
        products = [server.create_product(quantity=10**6) for _ in range(2)]
        buyers = [Buyer(server, products) for _ in range(BUYERS)]

        def disturb():
            eventually(lambda: len(acknowledged(buyers)) > 50)
            before.extend(acknowledged(buyers))
            printed = manage("backup", str(file), "--verify", DATABASE_URL=server.database_url)
            assert "2 products match" in printed
            assert len(acknowledged(buyers)) > len(before), "no order was acknowledged during the backup"

        under_load(buyers, disturb)
        assert {answer.status for buyer in buyers for answer, _ in buyer.answers.values()} == {201}

    url = restore(file, databases)
    manage("migrate", "--check", DATABASE_URL=url)
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
        if ON_POSTGRES:  # as if it were a cluster that has had many more transactions
            execute(server.database_url, "UPDATE products_stockmovement SET position = position + 1000000000")
        manage("backup", str(file), DATABASE_URL=server.database_url)
        _, cursor = read(server, f"{STOCK}?start=latest")

    url = restore(file, databases)
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
        manage("backup", str(file), DATABASE_URL=server.database_url)
        # The backup has none of these: a logout, new tokens and a new user, whose id another user will get.
        server.call("POST", "/api/logout/", {"refresh": pairs[1]["refresh"]})
        pairs += [log_in(server, name) for name in (CUSTOMER, "dora")]

    url = restore(file, databases)
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


@pytest.fixture(scope="module")
def shop(databases):
    """The URL of a database."""
    return databases.new()


@pytest.fixture(scope="module")
def backup(shop, tmp_path_factory):
    file = tmp_path_factory.mktemp("backups") / "shop.backup"
    manage("backup", str(file), DATABASE_URL=shop)
    return file


def databases_of_cluster():
    with psycopg.connect(CLUSTER) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def children(process):
    """Return the command lines of the programs that a process has started."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return " ".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in pids)


@on_postgres
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_backup_leaves_nothing_and_shows_no_password(shop, tmp_path, number):
    url = shop.replace("postgres@", "postgres:hidden@")
    with psycopg.connect(shop) as another:
        another.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")  # pg_dump waits for it
        process = begin("backup", tmp_path / "shop.backup", DATABASE_URL=url)
        eventually(lambda: "pg_dump" in children(process))
        assert "hidden" not in children(process)
        process.send_signal(number)
        assert process.communicate(timeout=WAIT)[1] == "CommandError: Interrupted.\n"

    assert process.returncode == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(ON_POSTGRES, reason="needs SQLite")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_backup_of_sqlite_leaves_nothing(databases, tmp_path, number):
    url = databases.new()
    execute(url, "CREATE TABLE large AS SELECT zeroblob(500000000) AS content")
    process = begin("backup", tmp_path / "shop.backup", DATABASE_URL=url)
    eventually(lambda: os.listdir(tmp_path))
    process.send_signal(number)

    assert process.communicate(timeout=WAIT)[1] == "CommandError: Interrupted.\n"
    assert os.listdir(tmp_path) == []


@on_postgres
def test_a_backup_without_what_it_needs_writes_nothing(shop, tmp_path):
    file = tmp_path / "shop.backup"
    execute(CLUSTER, "CREATE ROLE plain LOGIN IN ROLE pg_read_all_data")
    plain = shop.replace("postgres@", "plain@")

    assert "There is no pg_dump on the PATH" in refused("backup", file, DATABASE_URL=shop, PATH="/nowhere")
    assert "PGBOUNCER=off" in refused("backup", file, DATABASE_URL=shop, PGBOUNCER="on")
    assert "CREATEDB" in refused("backup", file, "--verify", DATABASE_URL=plain)
    assert os.listdir(tmp_path) == []
    manage("backup", str(file), DATABASE_URL=plain)
    execute(CLUSTER, "DROP ROLE plain")


@on_postgres
def test_a_backup_finds_the_primary_among_several_hosts(shop, tmp_path):
    port = urlsplit(shop).port
    hosts = f"host=127.0.0.1,127.0.0.1&port={free_port()},{port}&target_session_attrs=read-write&sslmode=prefer"
    before = databases_of_cluster()

    manage("backup", str(tmp_path / "shop"), "--verify", DATABASE_URL=f"postgres://postgres@/{name_of(shop)}?{hosts}")

    assert databases_of_cluster() == before


@on_postgres
def test_only_a_backup_is_restored_and_only_into_an_empty_database(shop, backup, databases, tmp_path):
    empty, sqlite, other = databases.empty(), tmp_path / "sqlite", tmp_path / "other"
    (tmp_path / "truncated").write_bytes(backup.read_bytes()[:-2000])
    sqlite.write_bytes(b"SQLite format 3\0")
    subprocess.run(["pg_dump", "-Fc", f"--file={other}", f"--dbname={CLUSTER}"], check=True)

    assert "is a backup of SQLite, and DATABASE_URL names PostgreSQL." in refused("restore", sqlite, DATABASE_URL=empty)
    assert "end of file" in refused("restore", tmp_path / "truncated", DATABASE_URL=empty)
    assert "is not a backup of this application." in refused("restore", other, DATABASE_URL=empty)
    assert f"The database {name_of(shop)} is not empty." in refused("restore", backup, DATABASE_URL=shop)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'").rowcount == 0


@on_postgres
def test_a_restore_that_fails_after_loading_says_what_is_left_to_run(databases, tmp_path):
    shop, file = databases.new(), tmp_path / "shop.backup"
    execute(shop, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$")
    execute(shop, "CREATE TRIGGER refuse BEFORE UPDATE ON accounts_user EXECUTE FUNCTION refuse()")
    manage("backup", str(file), DATABASE_URL=shop)

    error = refused("restore", file, DATABASE_URL=databases.empty())

    assert error.startswith("CommandError: The backup is loaded, but not ready: refused CONTEXT:")
    assert error.endswith(". Before any server starts, run manage.py migrate, end_sessions and restart_feeds.\n")


def samples(database_url, folder):
    """Return the commands of the operations page, with other paths, a server to connect to and another database."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = page.split("\n## Backup and restore\n")[1].split("\n## ")[0]
    new = urlsplit(database_url)._replace(path="/shop_restored").geturl()
    changes = {
        "/backup/": f"{folder}/",
        ".venv/bin/python": sys.executable,
        "mkdir old && mv db.sqlite3* old/": f"mkdir {folder}/old && mv {name_of(database_url)}* {folder}/old/",
        "postgres://user:password@host:5432/shop_restored": new,
        "-h db.example -U postgres": f"-h 127.0.0.1 -p {urlsplit(database_url).port} -U postgres",
        "OWNER shop": "OWNER postgres",
    }
    for old, changed in changes.items():
        assert old in section, old
        section = section.replace(old, changed)
    return re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_operations_page_work(databases, tmp_path):
    url = databases.new()
    backup, on_sqlite, on_postgres = samples(url, tmp_path)
    script = f"export DATABASE_URL={url}\n" + backup + (on_postgres if ON_POSTGRES else on_sqlite)

    environment = {"PATH": os.environ["PATH"]} | VARIABLES[PRODUCTION]
    words = ["bash", "-euc", script]
    run = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=8 * WAIT)

    assert run.stdout.endswith("0 products match their movements.\n"), run.stdout + run.stderr
    if ON_POSTGRES:
        databases.made.append("shop_restored")


def acknowledged(buyers):
    return [answer.body for buyer in buyers for answer, _ in list(buyer.answers.values()) if answer]
