"""The script of the service `maintenance` in compose.yaml."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg
import pytest

from .databases import ON_POSTGRES
from .server import PRODUCTION, ROOT, VARIABLES, WAIT, eventually

DAY = 24 * 3600


@contextmanager
def maintenance(folder, database_url):
    """Run the script with another folder for the backups, and yield its process; at the end, stop it as Docker does."""
    text = (ROOT / "deploy/container/maintain").read_text()
    script = text.replace("/backups", str(folder)).replace("run python", f"run {sys.executable}")
    environment = {"PATH": os.environ["PATH"]} | VARIABLES[PRODUCTION] | {"DATABASE_URL": database_url}
    streams = {"stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(["sh", "-c", script], cwd=ROOT, env=environment, **streams) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=WAIT) == 0


def make_files(folder, **ages):
    for name, age in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age * DAY,) * 2)


def test_a_backup_is_made_and_old_ones_are_removed(databases, tmp_path):
    make_files(tmp_path, **{"shop-1.backup": 16, "shop-2.backup": 13, ".shop-3.backup.abc": 2})

    with maintenance(tmp_path, databases.new()):
        eventually(lambda: {"shop-1.backup", ".shop-3.backup.abc"}.isdisjoint(os.listdir(tmp_path)))

    older, new = sorted(os.listdir(tmp_path))
    assert older == "shop-2.backup"
    assert (tmp_path / new).stat().st_size > 0


def test_a_failed_backup_is_logged_and_removes_no_other(databases, tmp_path):
    make_files(tmp_path, **{"shop-1.backup": 16})

    with maintenance(tmp_path, databases.empty()) as process:
        assert any("CommandError: " in line for line in process.stderr)

    assert os.listdir(tmp_path) == ["shop-1.backup"]


@pytest.mark.skipif(not ON_POSTGRES, reason="needs PostgreSQL")
def test_a_backup_that_is_stopped_leaves_nothing(databases, tmp_path):
    url = databases.new()
    with psycopg.connect(url) as another:
        another.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")  # pg_dump waits for it
        with maintenance(tmp_path, url):
            eventually(lambda: os.listdir(tmp_path))

    assert os.listdir(tmp_path) == []
