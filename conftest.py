import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import RefreshToken
from products.models import Product


@pytest.fixture(autouse=True)
def _cheap_hashes(settings):
    """Logins are in nearly every test; the real hasher has tests of its own."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture
def api():
    """A function that gives a client of the API: for a user, with a token; for nobody, without."""

    def client(user=None):
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
        return client

    return client


@pytest.fixture
def admin(db):
    return User.objects.create_superuser("anna", password="anna's secret")


@pytest.fixture
def customer(db):
    return User.objects.create_user("carl", password="carl's secret")


@pytest.fixture
def bat(db):
    return Product.objects.create(name="Bat", price="1200.00", quantity=10)


@pytest.fixture
def ball(db):
    return Product.objects.create(name="Ball", price="50.00", quantity=3)
