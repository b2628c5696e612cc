from django.contrib import admin
from django.contrib.auth import authenticate
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import Throttled


class Site(admin.AdminSite):
    """The admin site, with the API's limit on failed logins."""

    site_title = site_header = "Order Management"
    index_title = "Shop"

    def login(self, request, extra_context=None):
        try:
            return super().login(request, extra_context)
        except Throttled as error:
            return self.too_many(request, error)

    def password_change(self, request, extra_context=None):
        try:
            if "old_password" in request.POST:
                # Only to be counted: Django's form checks it, too, and knows of no limit.
                authenticate(request, username=request.user.get_username(), password=request.POST["old_password"])
            return super().password_change(request, extra_context)
        except Throttled as error:
            return self.too_many(request, error)

    @method_decorator(never_cache)
    def too_many(self, request, error):
        context = {**self.each_context(request), "title": "Locked out", "detail": error.detail}
        headers = {"Retry-After": str(error.wait)}
        return TemplateResponse(request, "admin/locked_out.html", context, status=429, headers=headers)


class ChangesOnlyMixin:
    """`changed_data` is what a person changed: compared with what the page showed, not with what is stored by now."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        return super().formfield_for_dbfield(db_field, request, show_hidden_initial=True, **kwargs)


class ReadOnlyAdmin(admin.ModelAdmin):
    """What can be looked at, and changed only by the rules of its model."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj):
        return False

    def has_change_permission(self, request, obj=None):
        return False
