import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.db.models import F, ProtectedError
from django.test import Client

from accounts import services
from accounts.models import User

LIST = "/admin/accounts/user/"


def ask(site, action, *users):
    return site.post(LIST, {"action": action, "_selected_action": [user.pk for user in users]}, follow=True)


def act(site, action, *users):
    body = {"action": action, "_selected_action": [user.pk for user in users], "post": "yes"}
    return site.post(LIST, body, follow=True)


def form(user, **changes):
    """Return the form as a browser submits it: the values it was rendered with, plus the user's changes."""
    rendered = {"username": user.username, "role": user.role, "is_active": "on", "first_name": ""}
    return rendered | {f"initial-{name}": value for name, value in rendered.items()} | changes


def test_a_customer_has_no_access(client, customer):
    client.force_login(customer)

    assert client.get(LIST).status_code == 302


def test_the_list_shows_roles_and_filters_by_them(site, customer):
    assert "carl" in site.get(LIST).content.decode()
    page = site.get(LIST, {"role": "admin"}).content.decode()
    assert "anna" in page
    assert "carl" not in page


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [("make_admin", "role", "admin"), ("lock_out", "is_active", False)],
)
def test_actions_change_other_users_only(site, admin, customer, action, field, value):
    page = act(site, action, admin, customer).content.decode()

    customer.refresh_from_db()
    assert getattr(customer, field) == value
    assert "You cannot change your own access." in page


@pytest.mark.parametrize(
    ("action", "question", "button"),
    [
        ("make_admin", "Make these users Admins?", "Make Admin"),
        ("lock_out", "Lock out these users?", "Lock out"),
    ],
)
def test_an_action_first_asks_and_lists_who(site, admin, customer, action, question, button):
    otto = User.objects.create_superuser("otto", password=None)
    otto.set_access(is_active=False)

    page = ask(site, action, admin, customer, otto).content.decode()

    assert question in page
    for text in ("carl", "you: nobody can change their own access", "already ", f"{button}\n"):
        assert text in page
    customer.refresh_from_db()
    assert (customer.role, customer.is_active) == ("customer", True)


def test_an_action_says_who_was_changed_and_who_already_was(site, customer):
    otto, cora = User.objects.create_superuser("otto", password=None), User.objects.create_user("cora")

    page = act(site, "make_admin", customer, otto, cora).content.decode()
    assert "Made Admin: carl, cora." in page
    assert "Already Admin: otto." in page

    page = ask(site, "make_admin", customer, otto).content.decode()
    assert "Already Admin: carl, otto." in page  # and does not ask


def test_an_action_takes_few_statements_per_user(site, django_assert_max_num_queries):
    users = [User.objects.create_user(f"user{number}") for number in range(20)]

    with django_assert_max_num_queries(60):
        act(site, "lock_out", *users)


@pytest.mark.parametrize("action", ["make_customer", "lock_out", "delete_selected"])
def test_no_action_removes_the_last_admin(site, admin, action):
    site.post(LIST, {"action": action, "_selected_action": [admin.pk], "post": "yes"}, follow=True)

    assert User.objects.get().role == "admin"
    assert User.objects.get().is_active


def test_locking_out_ends_the_sessions_for_good(site, api, customer):
    client = api(customer)
    act(site, "lock_out", customer)
    act(site, "let_in", customer)

    assert client.get("/api/products/").status_code == 401


def test_the_form_promotes_and_locks_out(site, customer):
    site.post(f"{LIST}{customer.pk}/change/", form(customer, role="admin", is_active=""))

    customer.refresh_from_db()
    assert (customer.role, customer.is_superuser, customer.is_active) == ("admin", True, False)


def test_a_stale_form_does_not_let_a_user_back_in(site, customer):
    page = form(customer, first_name="Carl")
    customer.set_access(is_active=False)

    site.post(f"{LIST}{customer.pk}/change/", page)

    customer.refresh_from_db()
    assert (customer.first_name, customer.is_active) == ("Carl", False)


def test_admins_cannot_demote_or_lock_out_themselves_in_the_form(site, admin):
    site.post(f"{LIST}{admin.pk}/change/", form(admin, role="customer", is_active="", first_name="Anna"))

    admin.refresh_from_db()
    assert (admin.role, admin.is_active, admin.first_name) == ("admin", True, "Anna")


def deleting_once_read(user):
    """Delete the user, as another Admin may, right after the page has read them."""
    steps = ["read", "delete"]

    def wrapper(execute, sql, params, many, context):
        if steps == ["delete"]:
            steps.clear()
            User.objects.filter(pk=user.pk).delete()
        if "read" in steps and "accounts_user" in sql and user.pk in params:
            steps.remove("read")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


@pytest.mark.parametrize("changes", [{"first_name": "Carl"}, {"role": "admin"}])
def test_saving_a_user_who_was_just_deleted_answers_404(site, customer, changes):
    with deleting_once_read(customer):
        response = site.post(f"{LIST}{customer.pk}/change/", form(customer, **changes))

    assert response.status_code == 404
    assert not LogEntry.objects.exists()


def test_admins_cannot_delete_themselves(site, admin):
    assert site.post(f"{LIST}{admin.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_new_user_is_a_customer_and_needs_an_unused_name(site, customer):
    body = {"username": "CARL", "usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}
    assert "already exists" in site.post(f"{LIST}add/", body).content.decode()

    site.post(f"{LIST}add/", body | {"username": "cora"})
    assert User.objects.get(username="cora").role == "customer"


def test_renaming_a_user_needs_an_unused_name_too(site, customer, admin):
    page = site.post(f"{LIST}{customer.pk}/change/", form(customer, username="ANNA")).content.decode()

    assert "already exists" in page


def test_a_new_name_with_an_invisible_character_is_refused(site, customer):
    body = {"username": "car\u3164l", "usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}
    for path, form_body in (("add/", body), (f"{customer.pk}/change/", form(customer, username="carl\u3164"))):
        assert "Invisible characters are not allowed." in site.post(LIST + path, form_body).content.decode()

    assert sorted(User.objects.values_list("username", flat=True)) == ["anna", "carl"]


def test_an_existing_user_with_an_invisible_character_can_be_saved(site):
    user = User.objects.create_user("carl\u1160")

    response = site.post(f"{LIST}{user.pk}/change/", form(user, first_name="Carl", role="admin"))

    assert response.status_code == 302
    user.refresh_from_db()
    assert (user.username, user.first_name, user.role) == ("carl\u1160", "Carl", "admin")


def test_a_renamed_user_logs_in_with_the_new_name_only(site, api, customer):
    site.post(f"{LIST}{customer.pk}/change/", form(customer, username="Cora"))

    login = {"password": "carl's secret"}
    assert api().post("/api/login/", login | {"username": "CORA"}).status_code == 200
    assert api().post("/api/login/", login | {"username": "carl"}).status_code == 401
    assert api().post("/api/accounts/register/", login | {"username": "cora"}).status_code == 400


def test_setting_a_password_in_the_admin_site_ends_the_users_tokens(site, api, customer):
    client = api(customer)
    url = f"{LIST}{customer.pk}/password/"
    site.post(url, {"usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"})

    assert client.get("/api/products/").status_code == 401


@pytest.fixture
def otto(db):
    return User.objects.create_superuser("otto", password="otto's secret")


def log_in(user):
    """Return a browser in which the user is logged in to the admin site."""
    browser = Client()
    browser.force_login(user)
    return browser


def is_logged_in(browser):
    return browser.get("/admin/").status_code == 200


def downgrade(user):
    """Store the user as the previous version did."""
    User.objects.filter(pk=user.pk).update(token_version=0, session_version=None)
    user.refresh_from_db()


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize(("away", "back"), [("lock_out", "let_in"), ("make_customer", "make_admin")])
def test_an_ended_session_stays_ended(site, otto, existing, away, back):
    if existing:
        downgrade(otto)
    browser = log_in(otto)
    assert is_logged_in(browser)

    act(site, away, otto)
    act(site, back, otto)

    assert not is_logged_in(browser)
    assert is_logged_in(log_in(User.objects.get(pk=otto.pk)))


@pytest.mark.parametrize(
    ("away", "back"), [({"is_active": False}, {"is_active": True}), ({"role": "customer"}, {"role": "admin"})]
)
def test_a_session_ended_through_the_api_stays_ended(api, admin, otto, away, back):
    browser, url = log_in(otto), f"/api/accounts/users/{otto.pk}/"

    for change in (away, back):
        assert api(admin).patch(url, change).status_code == 200

    assert not is_logged_in(browser)


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("access", [{"is_active": False}, {"is_staff": False, "is_superuser": False}])
def test_a_session_ended_by_a_node_of_the_previous_version_stays_ended(site, otto, existing, access):
    if existing:
        downgrade(otto)
    browser = log_in(otto)
    User.objects.filter(pk=otto.pk).update(token_version=F("token_version") + 1, **access)

    act(site, "let_in", otto)
    act(site, "make_admin", otto)

    assert not is_logged_in(browser)


def test_a_demotion_leaves_tokens_valid(site, api, otto):
    client = api(otto)

    act(site, "make_customer", otto)

    assert client.get("/api/products/").status_code == 200
    assert client.get("/api/accounts/users/").status_code == 403


def test_the_upgrade_logs_nobody_out(otto):
    downgrade(otto)
    browser = log_in(otto)
    assert is_logged_in(browser)

    # The hash that nodes of the previous version expect.
    assert browser.session["_auth_user_hash"] == AbstractUser.get_session_auth_hash(otto)


def test_changing_ones_own_password_keeps_only_this_session(site, admin):
    other = log_in(admin)
    passwords = {"usable_password": "true", "password1": "s3cret word", "password2": "s3cret word"}

    assert site.post(f"{LIST}{admin.pk}/password/", passwords).status_code == 302

    assert is_logged_in(site)
    assert not is_logged_in(other)


def test_a_password_change_through_the_api_ends_the_admin_session(site, api, admin):
    change = {"old_password": "anna's secret", "new_password": "another one"}
    assert api(admin).post("/api/accounts/me/password/", change).status_code == 200

    assert not is_logged_in(site)


def test_end_sessions_ends_an_admin_session(site, otto):
    browser = log_in(otto)

    call_command("end_sessions", user="otto", verbosity=0)

    assert is_logged_in(site)
    assert not is_logged_in(browser)


def test_a_session_survives_a_new_secret_key_that_keeps_the_old_one_as_a_fallback(site, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [settings.SECRET_KEY]

    assert is_logged_in(site)


def test_the_page_of_a_user_has_a_button_to_set_the_password(site, customer):
    page = site.get(f"{LIST}{customer.pk}/change/").content.decode()
    assert f'href="{LIST}{customer.pk}/set-password/"' in page
    assert "algorithm" not in page
    assert "this form" not in page

    response = site.get(f"{LIST}{customer.pk}/set-password/", follow=True)
    assert response.redirect_chain == [(f"{LIST}{customer.pk}/password/", 302)]


def test_the_form_for_a_new_user_asks_for_a_name_and_a_password_only(site):
    page = site.get(f"{LIST}add/").content.decode()
    assert "LDAP" not in page
    assert 'name="password1"' in page

    page = site.post(f"{LIST}add/", {"username": "cora"}).content.decode()
    assert page.count("This field is required.") == 2
    assert not User.objects.filter(username="cora").exists()


def test_a_user_who_cannot_be_deleted_can_be_locked_out_instead(site, customer, order):
    selected = {"action": "delete_selected", "_selected_action": [customer.pk]}
    for page in (site.get(f"{LIST}{customer.pk}/delete/"), site.post(LIST, selected)):
        assert "Lock out instead" in page.content.decode()
        assert f'name="_selected_action" value="{customer.pk}"' in page.content.decode()

    assert "Lock out these users?" in ask(site, "lock_out", customer).content.decode()


def test_a_user_who_can_be_deleted_is_not_locked_out_instead(site, customer):
    assert "Lock out instead" not in site.get(f"{LIST}{customer.pk}/delete/").content.decode()


def test_neither_groups_nor_tokens_are_shown(site):
    page = site.get("/admin/").content.decode()

    assert "/admin/accounts/user/" in page
    assert "/admin/auth/" not in page
    assert "/admin/token_blacklist/" not in page


def test_when_two_admins_delete_each_other_one_remains(site, admin):
    otto = User.objects.create_superuser("otto", password=None)
    services.delete_users(User.objects.filter(pk=admin.pk), by=otto)

    with pytest.raises(PermissionDenied):
        services.delete_users(User.objects.filter(pk=otto.pk), by=admin)

    assert User.objects.get() == otto


def test_other_users_can_be_deleted_from_the_list_and_from_the_form(site, customer):
    act(site, "delete_selected", customer)
    assert not User.objects.filter(pk=customer.pk).exists()

    other = User.objects.create_user("cora")
    site.post(f"{LIST}{other.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(pk=other.pk).exists()


@pytest.fixture
def author(client, customer):
    """An Admin who has changed something in the admin site."""
    author = User.objects.create_superuser("otto", password=None)
    client.force_login(author)
    client.post(f"{LIST}{customer.pk}/change/", form(customer, first_name="Carl"))
    client.logout()
    assert LogEntry.objects.get().user == author
    return author


def test_a_user_with_admin_history_cannot_be_deleted_and_the_pages_say_why(author, site, customer):
    selected = {"action": "delete_selected", "_selected_action": [author.pk, customer.pk]}
    for path, body in ((f"{author.pk}/delete/", {}), ("", selected)):
        for confirmed in ({}, {"post": "yes"}):
            page = site.post(LIST + path, body | confirmed).content.decode()
            assert "Admin history: 1 by otto" in page
            assert "cannot be deleted" in page

    assert User.objects.count() == 3
    assert LogEntry.objects.get().user == author


def test_no_deletion_removes_the_admin_history(author, admin, customer):
    for delete in (
        author.delete,
        User.objects.filter(pk__in=[author.pk, customer.pk]).delete,
        User.objects.all().delete,
        lambda: services.delete_users(User.objects.filter(pk=author.pk), by=admin),
    ):
        with pytest.raises(ProtectedError, match="only locked out"):
            delete()

    assert User.objects.count() == 3
    assert LogEntry.objects.get().user == author


def test_an_admin_without_history_can_be_deleted(site):
    otto = User.objects.create_superuser("otto", password=None)

    site.post(f"{LIST}{otto.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=otto.pk).exists()
