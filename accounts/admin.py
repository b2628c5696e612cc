from itertools import islice

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import PROTECT, Count
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import capfirst
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm

from order_management.admin.lists import ChangesOnlyMixin, ListAdmin

from . import services
from .access_actions import LET_IN, LOCK_OUT, MAKE_ADMIN, MAKE_CUSTOMER, access_action
from .forms import NewUserForm, UserForm
from .lockouts import LockoutsMixin
from .models import User

REFERENCES_MAX = 11  # one more than the page shows

# Roles take the place of groups, and the lists of tokens would show the tokens.
admin.site.unregister([Group, BlacklistedToken, OutstandingToken])


class RoleFilter(admin.SimpleListFilter):
    title = parameter_name = "role"

    def lookups(self, request, model_admin):
        return User.Role.choices

    def queryset(self, request, queryset):
        return queryset.with_role(self.value()) if self.value() else queryset


# Registered in orders/admin/users.py, which adds a link to the orders of a user.
class UserAdmin(LockoutsMixin, ChangesOnlyMixin, auth.UserAdmin, ListAdmin):
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "role", "is_active", "email", "last_login", "date_joined"]
    list_filter = [RoleFilter, "is_active"]
    filter_horizontal = []
    ordering = ["username", "id"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username"]}),
        ("Access", {"fields": ["role", "is_active"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Dates", {"fields": readonly_fields}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "password1", "password2"]})]
    actions_detail = ["set_password"]
    actions = ["make_admin", "make_customer", "lock_out", "let_in"]

    make_admin = access_action(MAKE_ADMIN)
    make_customer = access_action(MAKE_CUSTOMER)
    lock_out = access_action(LOCK_OUT)
    let_in = access_action(LET_IN)

    @action(description="Set password", icon="key", url_path="set-password")
    def set_password(self, request, object_id):
        return redirect("admin:auth_user_password_change", object_id)

    def search_label(self, user):
        return f"{user} ({user.get_full_name()})" if user.get_full_name() else str(user)

    @display(ordering="is_staff", label={User.Role.ADMIN: "info"})
    def role(self, user):
        return user.role, user.role.label

    def get_readonly_fields(self, request, user=None):
        # Admins can neither demote themselves nor lock themselves out, so one always remains.
        own = ["role", "is_active"] if user == request.user else []
        return [*self.readonly_fields, *own]

    def has_delete_permission(self, request, user=None):
        return user != request.user and super().has_delete_permission(request, user)

    def save_model(self, request, user, form, change):
        if not change:
            user.save()
            return
        access = {name: form.cleaned_data[name] for name in form.changed_data if name in ("role", "is_active")}
        # First, because it locks the user, or raises Http404 if another Admin has deleted them in the meantime.
        services.set_access(user.pk, by=request.user, **access)
        # Only what the form changed, so that concurrent changes to other fields are kept.
        user.save(update_fields=set(form.changed_data) - set(access))

    @transaction.atomic  # includes the entry in the history
    def user_change_password(self, request, id, form_url=""):  # noqa: A002
        get_object_or_404(User.objects.select_for_update(no_key=True), pk=id)
        return super().user_change_password(request, id, form_url)

    def get_deleted_objects(self, users, request):
        # Django would read all of them, and a customer may have many orders.
        if protected := list(islice(references_to(users), REFERENCES_MAX)):
            return [], {}, set(), protected
        deleted, counts, missing, protected = super().get_deleted_objects(users, request)
        authors = User.objects.filter(pk__in=[user.pk for user in users]).annotate(entries=Count("logentry"))
        history = [f"Admin history: {user.entries} by {user}" for user in authors.filter(entries__gt=0)]
        return deleted, counts, missing, [*protected, *history]

    def delete_model(self, request, user):
        services.delete_users(User.objects.filter(pk=user.pk), by=request.user)

    def delete_queryset(self, request, users):
        services.delete_users(users, by=request.user)


def references_to(users):
    """Yield a text for each row that keeps one of the users from being deleted."""
    for relation in User._meta.get_fields(include_hidden=True):
        if getattr(relation, "on_delete", None) is PROTECT and relation.auto_created:
            rows = relation.related_model.objects.filter(**{f"{relation.field.name}__in": users})
            yield from (f"{capfirst(row._meta.verbose_name)}: {row}" for row in rows[:REFERENCES_MAX])
