import pytest
from django.core.management import call_command
from django.db import IntegrityError

from accounts.models import User


@pytest.mark.django_db
def test_createsuperuser_makes_an_admin_of_the_api_and_of_the_site(api, client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "secret")
    call_command("createsuperuser", interactive=False, username="Root", email="root@example.com", verbosity=0)

    access = api().post("/api/login/", {"username": "root", "password": "secret"}).json()["access"]
    with_token = api()
    with_token.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    assert with_token.post("/api/products/create/", {"name": "Bat", "price": 1, "quantity": 1}).status_code == 201
    assert client.login(username="root", password="secret")
    assert client.get("/admin/").status_code == 200


def test_the_role_is_one_thing(admin, customer):
    assert (admin.role, admin.is_superuser) == ("admin", True)
    admin.change(role="customer")
    admin.refresh_from_db()
    assert (admin.role, admin.is_staff, admin.is_superuser) == ("customer", False, False)


def test_the_database_knows_no_half_admin(customer):
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=customer.pk).update(is_staff=True)


def test_a_change_writes_nothing_but_the_access(customer):
    stale = User.objects.get()
    renamed = User.objects.get()
    renamed.username = "Cora"
    renamed.save()

    stale.change(role="admin")

    assert User.objects.filter(username="Cora", username_folded="cora", is_staff=True).exists()


def test_two_password_changes_at_once_count_twice(customer):
    for password in ("one", "two"):
        user = User(pk=customer.pk, username="carl", token_version=0)
        user._state.adding = False
        user.set_password(password)
        user.save()

    assert User.objects.get().token_version == 2
