import os
import subprocess
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts.models import User
from accounts.tokens import RefreshToken
from order_management.backups.command import connected_to
from order_management.exceptions import Code
from orders.models import Order
from orders.services import place_order
from products.services import create_product


@pytest.fixture(autouse=True)
def _cheap_hashes(settings):
    """Nearly every test logs in; the real hasher has its own tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture(scope="session", autouse=True)
def _static_files_listed_once():
    """Every test client loads the middleware again, and WhiteNoise would list all static files each time: 0.1 s."""
    listed, add_files = {}, WhiteNoiseMiddleware.add_files_from_finders

    def add_listed_files(middleware):
        kept = middleware.static_prefix, middleware.max_age, middleware.allow_all_origins
        if kept not in listed:
            add_files(middleware)
            listed[kept] = middleware.files.copy()
        middleware.files.update(listed[kept])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add_listed_files)
        yield


class CheckedMixin:
    """Makes a test client check that every `detail` comes with one of the codes, and that nothing else has one."""

    def request(self, **request):
        response = super().request(**request)
        if response.status_code >= 400 and response.get("Content-Type") == "application/json" and response.content:
            check_code(response.json())
        return response


def check_code(body):
    texts = [name for name in body if isinstance(body[name], str)]
    assert not {"detail", "code"} & set(texts) or texts[:2] == list(body)[:2] == ["detail", "code"], body
    assert "code" not in texts or body["code"] in set(Code), body


class CheckedClient(CheckedMixin, Client):
    pass


class CheckedAPIClient(CheckedMixin, APIClient):
    pass


@pytest.fixture
def client():
    return CheckedClient()


@pytest.fixture
def api():
    """A function that returns an API client, authenticated if a user is given."""

    def client(user=None):
        client = CheckedAPIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
        return client

    return client


@pytest.fixture
def admin(db):
    return User.objects.create_superuser("anna", password="anna's secret")


@pytest.fixture
def site(client, admin):
    """A test client that is logged in to the admin site as the admin."""
    client.force_login(admin)
    return client


@pytest.fixture
def customer(db):
    return User.objects.create_user("carl", password="carl's secret")


@pytest.fixture
def bat(admin):
    return create_product(name="Bat", price=Decimal("1200.00"), quantity=10, by=admin)


@pytest.fixture
def ball(admin):
    return create_product(name="Ball", price=Decimal("50.00"), quantity=3, by=admin)


@pytest.fixture
def order(customer, bat):
    """The customer's order of two bats."""
    place_order(customer=customer, items=[{"product": bat.pk, "quantity": 2}])
    return Order.objects.get()


@pytest.fixture
def database_file(db, tmp_path):
    """A file with a copy of the test's SQLite database; the test reads and writes the copy."""
    if connection.vendor != "sqlite":
        pytest.skip("needs SQLite")
    file = tmp_path / "db.sqlite3"
    connection.ensure_connection()
    file.write_bytes(connection.connection.serialize())
    with connected_to(file):
        yield file


@pytest.fixture
def small_disk(tmp_path):
    """An empty file system of 4 MB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs root, to mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)  # noqa: S603, S607
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607
