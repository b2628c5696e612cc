import re
from functools import wraps

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.auth import get_user, logout
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.core.paginator import InvalidPage
from django.db import DatabaseError, DataError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.text import smart_split
from django.views.decorators.cache import never_cache
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite

from .exceptions import AWAY

SEARCH_MAX_WORDS = 20
# The texts of a form together. A refused form repeats them, some twice and escaped, which turns a character into up to
# 19 bytes. Numbers, such as the ids and prices of a list, are shorter; no page repeats passwords.
FORM_MAX_CHARACTERS, NUMBER_MAX_CHARACTERS = 2200, 20
PASSWORDS = "(old_|new_)?password[12]?"


class Site(UnfoldAdminSite):
    """The admin site, with the API's limit on failed logins; its first page is orders/dashboard.py."""

    index_title = "Shop"
    index_template = "orders/dashboard.html"

    def admin_view(self, view, cacheable=False):
        """Answer 400 to malformed input that no page of the site sends."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request, *args, **kwargs):
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise SuspiciousOperation("NUL is in no address.")
            refuse_long_values(request.POST)
            refuse_odd_keys(request.POST)
            try:
                response = inner(request, *args, **kwargs)
                # Here, because only then the database is asked.
                return response.render() if hasattr(response, "render") else response
            except (DataError, InvalidPage, OverflowError) as error:
                raise SuspiciousOperation("A value is out of bounds.") from error
            except AWAY:
                raise
            except (DatabaseError, ObjectDoesNotExist, PermissionDenied):
                request.user = get_user(request)
                if self.has_permission(request):
                    raise
                # Deleted, locked out or demoted during the request: the view redirects to the login page.
                logout(request)
                messages.error(request, "Your account is no longer allowed to do this. Nothing was saved.")
                return inner(request, *args, **kwargs)

        return checked

    def login(self, request, extra_context=None):
        refuse_long_values(request.POST)
        try:
            return super().login(request, extra_context)
        except Throttled as error:
            return self.too_many(request, error)
        except AWAY:
            raise
        except DatabaseError:
            # Deleted since the password was checked: the second try gives the error for an unknown name.
            logout(request)
            return super().login(request, extra_context)

    @method_decorator(never_cache)
    def too_many(self, request, error):
        context = {**self.each_context(request), "title": "Locked out", "detail": error.detail}
        headers = {"Retry-After": str(error.wait)}
        return TemplateResponse(request, "admin/locked_out.html", context, status=429, headers=headers)


def refuse_long_values(values):
    lengths = [len(value) for name, texts in values.lists() for value in texts if not re.fullmatch(PASSWORDS, name)]
    if sum(length for length in lengths if length > NUMBER_MAX_CHARACTERS) > FORM_MAX_CHARACTERS:
        raise SuspiciousOperation("The values of the form are too long.")


def refuse_odd_keys(values):
    for name, keys in values.lists():
        is_key = re.fullmatch("_selected_action|form-[0-9]+-id", name)
        if is_key and not all(re.fullmatch("[0-9]{1,18}", key) for key in keys):
            raise SuspiciousOperation(f"{name} is no key.")


class ListAdmin(ModelAdmin):
    """A list that costs the same however long it is: its rows are not counted, which would read all of them."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_disable_select_all = True

    def lookup_allowed(self, lookup, value, request):
        """Allow what the pages offer: no regular expressions, years or lists typed into the address."""
        offered = "__" not in lookup or lookup.endswith("__exact")
        return offered and super().lookup_allowed(lookup, value, request)

    def get_search_results(self, request, queryset, search_term):
        # Each word becomes a separate condition, and SQLite refuses a statement with a thousand of them.
        if sum(1 for _ in smart_split(search_term)) > SEARCH_MAX_WORDS:
            raise SuspiciousOperation(f"A search may have up to {SEARCH_MAX_WORDS} words.")
        return super().get_search_results(request, queryset, search_term)

    def get_changelist_formset(self, request, **kwargs):
        # By default Django makes up to 2,000 forms if a request says so; a page has no more than it shows.
        bounds = {"max_num": self.list_per_page, "absolute_max": self.list_per_page}
        return super().get_changelist_formset(request, **bounds | kwargs)

    def changelist_view(self, request, extra_context=None):
        # Of the page that is shown alone, whatever is sent.
        request.POST = request.POST.copy()
        request.POST.pop("select_across", None)
        return super().changelist_view(request, extra_context)

    def found(self, request, object_id):
        """Return the object with this id, as the URL has it; or raise Http404."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found


class APIField(forms.Field):
    """A field of a form whose values a field of a serializer checks: by the API's rules, and in its words."""

    def __init__(self, api_field, **options):
        self.api_field = api_field
        super().__init__(**options)

    def to_python(self, value):
        if value is None:
            value = serializers.empty if self.api_field.required else ""
        try:
            return self.api_field.run_validation(value)
        except serializers.ValidationError as error:
            raise forms.ValidationError(list(error.detail)) from error

    def validate(self, value):
        """Nothing: to_python has."""


class ChangesOnlyMixin:
    """`changed_data` is what a person changed: compared with what the page showed, not with what is stored by now."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        return super().formfield_for_dbfield(db_field, request, show_hidden_initial=True, **kwargs)


class ReadOnlyAdmin(ListAdmin):
    """What can be looked at, and changed only by the rules of its model."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request, obj):
        return False

    def has_change_permission(self, request, obj=None):
        return False


def leave_dialog(request, url):
    """Return what leads from the form of a dialog to another page; without scripts the dialog is a page of its own."""
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)


def download(pieces, name):
    """Return an answer that a browser saves as a CSV file of this name, sent piece by piece."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8", headers=headers)
