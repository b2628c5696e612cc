import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder


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


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_a_load_balancer_may_use_the_ip_address(client, db, path):
    assert client.get(path, HTTP_HOST="10.0.0.7:8000").status_code == 200


def test_the_root_redirects_to_the_docs(client):
    assert client.get("/")["Location"] == "/api/docs/"


def test_the_docs_load_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()

    assert "swagger-ui-bundle.js" in page
    assert "http" not in page.replace("http-equiv", "")
