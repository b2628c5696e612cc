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


def test_a_role_change_changes_every_flag(admin, customer):
    assert (admin.role, admin.is_superuser) == ("admin", True)
    admin.set_access(role="customer")
    admin.refresh_from_db()
    assert (admin.role, admin.is_staff, admin.is_superuser) == ("customer", False, False)


def test_the_database_refuses_a_half_admin(customer):
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=customer.pk).update(is_staff=True)


def test_changing_access_writes_nothing_else(customer):
    stale = User.objects.get()
    renamed = User.objects.get()
    renamed.username = "Cora"
    renamed.save()

    stale.set_access(role="admin")

    assert User.objects.filter(username="Cora", username_folded="cora", is_staff=True).exists()


def test_two_concurrent_revocations_leave_no_older_token_valid(api, customer):
    first, second = User.objects.get(), User.objects.get()
    clients = [api(customer)]
    first.set_access(is_active=False)
    clients.append(api(first))
    second.set_password("other")
    second.save(update_fields=["password"])
    User.objects.update(is_active=True)

    assert [client.get("/api/products/").status_code for client in clients] == [401, 401]
    assert api(second).get("/api/products/").status_code == 200


@pytest.mark.django_db
def test_every_new_user_gets_random_versions(api):
    api().post("/api/accounts/register/", {"username": "dora", "password": "1234"})
    call_command("createsuperuser", interactive=False, username="root", email="", verbosity=0)
    User.objects.bulk_create([User(username="emil", username_folded="emil")])

    drawn = [version for pair in User.objects.values_list("token_version", "session_version") for version in pair]
    assert len(set(drawn)) == 6
    assert all(1 <= version < 2**31 for version in drawn)


@pytest.mark.parametrize("end", ["lock out", "password", "own password", "no password", "let in"])
def test_every_revocation_draws_both_versions_again(customer, end):
    before = User.objects.values_list("token_version", "session_version").get()
    match end:
        case "lock out":
            customer.set_access(is_active=False)
        case "let in":
            User.objects.update(is_active=False)
            User.objects.get().set_access(is_active=True)
        case "password":
            customer.set_password("other")
            customer.save()
        case "own password":
            customer.change_password("other")
        case "no password":
            customer.set_unusable_password()
            customer.save()

    after = User.objects.values_list("token_version", "session_version").get()
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_a_change_without_effect_ends_nothing(customer):
    customer.set_access(role="customer", is_active=True)

    after = User.objects.get()
    assert (after.token_version, after.session_version) == (customer.token_version, customer.session_version)
    assert after.get_session_auth_hash() == customer.get_session_auth_hash()
