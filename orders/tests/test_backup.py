"""Backups of SQLite. `tests_live/test_backup.py` has those of PostgreSQL, and of servers under load."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from accounts.models import User
from order_management.backups import postgres, sqlite
from order_management.backups.command import connected_to, signals_interrupt
from order_management.db.migration_lock import migration_lock
from order_management.feeds.models import FeedEpoch
from orders.models import Order
from products.models import Product


@pytest.fixture
def backup(database_file, order, tmp_path):
    """A backup with an order."""
    call_command("backup", str(tmp_path / "shop.backup"))
    return tmp_path / "shop.backup"


@pytest.fixture
def epoch(database_file):
    return FeedEpoch.objects.current()


@pytest.fixture
def target(database_file, tmp_path):
    """The path of a new database, to which the default connection leads."""
    folder = tmp_path / "new"
    folder.mkdir()
    with connected_to(folder / "db.sqlite3"):
        yield folder / "db.sqlite3"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def refused(*command):
    with pytest.raises(CommandError) as error:
        call_command(*map(str, command))
    assert error.value.returncode == 1
    return str(error.value)


def test_a_backup_is_one_file_that_only_its_owner_can_read(database_file, order, tmp_path, capsys):
    folder = tmp_path / "backups"
    folder.mkdir()

    call_command("backup", str(folder / "shop.backup"), "--verify")

    assert os.listdir(folder) == ["shop.backup"]
    assert mode(folder / "shop.backup") == 0o600
    assert capsys.readouterr().out.startswith("1 products match their movements.\nWrote ")
    with closing(sqlite3.connect(folder / "shop.backup")) as database:
        assert database.execute("SELECT total FROM orders_order").fetchall() == [(2400,)]


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_a_backup_replaces_nothing(database_file, tmp_path, kind):
    path = tmp_path / "shop.backup"
    {"file": path.touch, "link": lambda: path.symlink_to("nowhere"), "directory": path.mkdir}[kind]()
    before = sorted(os.listdir(tmp_path))

    assert refused("backup", path) == f"{path} already exists, and is not overwritten."
    assert sorted(os.listdir(tmp_path)) == before


def test_a_backup_needs_a_directory(database_file, tmp_path):
    assert refused("backup", tmp_path / "nowhere/shop") == f"There is no directory {tmp_path / 'nowhere'}."


def test_nothing_is_left_of_a_backup_when_the_disk_is_full(database_file, small_disk):
    (small_disk / "other").write_bytes(bytes(4_100_000))

    assert "disk is full" in refused("backup", small_disk / "shop.backup")
    assert os.listdir(small_disk) == ["other"]


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_program_that_is_starting_is_ended_by_an_interruption(monkeypatch):
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        postgres.run("sleep", "60")

    [process] = started
    assert process.returncode == -signal.SIGKILL


def test_a_missing_database_is_not_created_by_a_backup(target, tmp_path):
    assert refused("backup", tmp_path / "shop.backup") == f"There is no database {target}."
    assert not target.exists()


def test_a_database_without_tables_is_not_backed_up(target, tmp_path):
    target.touch()

    assert "has no tables" in refused("backup", tmp_path / "shop.backup")


def damage(file):
    with file.open("r+b") as damaged:
        damaged.seek(file.stat().st_size // 4)
        damaged.write(os.urandom(file.stat().st_size // 2))


def test_a_damaged_database_is_not_backed_up(database_file, tmp_path):
    connection.close()
    damage(database_file)

    refused("backup", tmp_path / "shop.backup")
    assert not (tmp_path / "shop.backup").exists()


def test_a_backup_is_kept_if_only_the_stock_is_wrong(database_file, bat, tmp_path):
    Product.objects.update(quantity=F("quantity") + 1)

    assert refused("backup", tmp_path / "shop.backup", "--verify").endswith("Mismatches: 1.")
    assert (tmp_path / "shop.backup").exists()


def test_everything_is_restored_and_everybody_must_log_in_again(epoch, backup, customer, order, target, capsys):
    call_command("restore", str(backup))

    assert Order.objects.get() == order
    assert User.objects.get(pk=customer.pk).token_version != customer.token_version
    assert FeedEpoch.objects.current() != epoch
    assert mode(target) == 0o600
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"Restored {backup}, and applied 0 newer migrations.",
        "1 products match their movements.",
    ]


def test_a_restore_leaves_no_file_but_the_database(backup, target):
    call_command("restore", str(backup))

    assert {file.name.removeprefix(target.name) for file in target.parent.iterdir()} <= {"", "-wal", "-shm"}


def test_all_that_a_restore_changes_is_in_the_file_before_it_gets_its_name(backup, target):
    with sqlite.loaded(backup):
        User.objects.update(first_name="New")

        assert not any(name.endswith("-wal") for name in os.listdir(target.parent))


def test_an_older_backup_is_migrated(database_file, order, tmp_path):
    call_command("migrate", "orders", "0009", verbosity=0)
    call_command("backup", str(tmp_path / "shop.backup"))

    with connected_to(tmp_path / "new.sqlite3"):
        call_command("restore", str(tmp_path / "shop.backup"))
        call_command("migrate", "--check")
        assert Order.objects.get() == order


def test_a_backup_of_a_newer_version_is_not_restored(database_file, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('orders', '0999_new', '')")
    call_command("backup", str(tmp_path / "shop.backup"))

    with connected_to(tmp_path / "new.sqlite3"):
        assert refused("restore", tmp_path / "shop.backup").endswith("the migration orders.0999_new.")
    assert not (tmp_path / "new.sqlite3").exists()


def other_database(file):
    file.unlink()
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE other (id)")


INVALID = {
    "text": (lambda file: file.write_text("order,total\n"), "is not a backup."),
    "empty": (lambda file: file.write_text(""), "is not a backup."),
    "missing": (lambda file: file.unlink(), "There is no file"),
    "other": (other_database, "is not a backup of this application."),
    "PostgreSQL": (lambda file: file.write_bytes(b"PGDMP\1\16"), "and DATABASE_URL names SQLite."),
    "truncated": (lambda file: os.truncate(file, file.stat().st_size // 2), "is damaged:"),
    "damaged": (damage, "is damaged:"),
}


@pytest.mark.parametrize("name", INVALID)
def test_only_a_backup_is_restored(backup, target, name):
    change, reason = INVALID[name]
    change(backup)

    assert reason in refused("restore", backup)
    assert os.listdir(target.parent) == []


def test_a_database_with_tables_is_not_replaced(backup, database_file):
    connection.close()
    before = database_file.read_bytes()

    assert f"{database_file} is not empty." in refused("restore", backup)
    assert database_file.read_bytes() == before


def test_nothing_is_restored_into_memory(backup, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = os.listdir(tmp_path)

    with connected_to(":memory:"):
        assert refused("restore", backup) == "DATABASE_URL must name a file to restore to."
    assert os.listdir(tmp_path) == before


def test_the_log_of_another_database_is_not_mixed_with_a_restored_one(backup, target):
    shutil.copy(backup, f"{target}-wal")

    assert refused("restore", backup) == f"{target}-wal belongs to another database. Move it away first."
    assert os.listdir(target.parent) == ["db.sqlite3-wal"]


def test_nothing_is_left_of_a_restore_when_the_disk_is_full(backup, small_disk):
    (small_disk / "other").write_bytes(bytes(4_100_000))

    with connected_to(small_disk / "db.sqlite3"):
        assert "disk is full" in refused("restore", backup)
    assert os.listdir(small_disk) == ["other"]


def test_a_new_database_and_the_files_beside_it_are_private(target):
    earlier = os.umask(0)
    try:
        with migration_lock(connection, report=print), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE first (id)")
        assert {file.name: mode(file) for file in target.parent.iterdir()} == {
            f"db.sqlite3{suffix}": 0o600 for suffix in ("", "-wal", "-shm", "-migrate")
        }
    finally:
        os.umask(earlier)
