"""Lists in the admin site: paged without counting, and read-only ones."""

from django.contrib.admin import ShowFacets
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.text import smart_split
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

SEARCH_MAX_WORDS = 20


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


def close_dialog(request, url):
    """Return what leads from the form of a dialog to another page; without scripts the dialog is a page of its own."""
    return HttpResponse(headers={"HX-Redirect": url}) if "HX-Request" in request.headers else redirect(url)


def download(pieces, name):
    """Return an answer that a browser saves as a CSV file of this name, sent piece by piece."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8", headers=headers)
