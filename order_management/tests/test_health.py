import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from order_management.backups.command import connected_to
from order_management.db.writable import is_file_writable


def test_the_process_is_healthy_without_a_database(client):
    assert client.get("/healthz/").json() == {"status": "ok"}


def test_it_is_ready_with_a_migrated_database(client, db):
    response = client.get("/readyz/")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_it_is_not_ready_if_a_migration_is_missing(client, db):
    MigrationRecorder(connection).migration_qs.filter(app="products").delete()

    response = client.get("/readyz/")

    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
    assert response["Retry-After"] == "5"


@pytest.mark.django_db
def test_it_is_not_ready_without_the_database(client):
    def away(*args):
        raise OperationalError("a secret address")

    with connection.execute_wrapper(away):
        response = client.get("/readyz/")

    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


def test_it_is_not_ready_without_tables(client, tmp_path, database_file):
    with connected_to(tmp_path / "new.sqlite3"):
        assert client.get("/readyz/").status_code == 503


def test_it_is_ready_as_long_as_the_disk_has_room(client, database_file, small_disk):
    shutil.copy(database_file, small_disk)
    with connected_to(small_disk / database_file.name):
        before = client.get("/readyz/")
        fill(small_disk / "other")
        full = client.get("/readyz/")
        (small_disk / "other").unlink()
        after = client.get("/readyz/")

    assert [response.status_code for response in (before, full, after)] == [200, 503, 200]
    assert full["Retry-After"] == "5"


def fill(path):
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
    except OSError:
        pass


def test_it_is_not_ready_if_the_file_system_is_read_only(client, database_file, small_disk):
    shutil.copy(database_file, small_disk)
    with connected_to(small_disk / database_file.name):
        assert client.get("/readyz/").status_code == 200
        connection.close()
        subprocess.run(["mount", "-o", "remount,bind,ro", small_disk], check=True)  # noqa: S607
        assert client.get("/readyz/").status_code == 503
        assert not is_file_writable(small_disk / database_file.name)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "writable"), [(0o777, 0o666, 1), (0o777, 0o444, 0), (0o555, 0o666, 0)]
)
@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
def test_the_file_and_its_directory_must_be_writable(folder_mode, file_mode, writable):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "db.sqlite3")
        file.touch()
        file.chmod(file_mode)
        Path(folder).chmod(folder_mode)
        assert as_nobody(is_file_writable, file) == writable
        Path(folder).chmod(0o700)


def as_nobody(function, argument):
    """Call a function in a process of another user if this one is root's, and return the result as a number."""
    if (pid := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os._exit(function(argument))
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_it_is_not_ready_if_postgresql_allows_no_writes(client, db):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")

    assert client.get("/readyz/").status_code == 503


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_a_load_balancer_may_use_the_ip_address(client, db, path):
    assert client.get(path, HTTP_HOST="10.0.0.7:8000").status_code == 200


def test_the_root_redirects_to_the_docs(client):
    assert client.get("/")["Location"] == "/api/docs/"


def test_the_docs_load_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()

    assert "swagger-ui-bundle.js" in page
    assert "http" not in page.replace("http-equiv", "")
