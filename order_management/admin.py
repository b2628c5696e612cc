from django.contrib.admin import ShowFacets
from django.contrib.auth import authenticate
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import Throttled
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):
    """The admin site, with the API's limit on failed logins; its first page is orders/dashboard.py."""

    index_title = "Shop"
    index_template = "orders/dashboard.html"

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


class ListAdmin(ModelAdmin):
    """A list that costs the same however long it is: its rows are not counted, which would read all of them."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_disable_select_all = True

    def found(self, request, object_id):
        """Return the object with this id, as the URL has it; or raise Http404."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found


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
