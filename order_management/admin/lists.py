"""Base classes for lists in the admin site: paged without counting, or read-only."""

from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import SuspiciousOperation
from django.http import StreamingHttpResponse
from django.utils.html import format_html
from django.utils.text import smart_split
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldBooleanWidget

SEARCH_MAX_WORDS = 20


class ListAdmin(ModelAdmin):
    """A list whose pages cost the same at any length: it never counts its rows, which would read all of them."""

    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_disable_select_all = True
    warn_unsaved_form = True

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, instance):
        """Return unfold's box that selects a row, with a name of its own for assistive technology."""
        attrs = {"class": "action-select", "aria-label": f"Select {instance}"}
        return UnfoldBooleanWidget(attrs, lambda value: False).render(ACTION_CHECKBOX_NAME, str(instance.pk))

    def lookup_allowed(self, lookup, value, request):
        """Allow only the lookups that the pages offer: no regular expressions, years or lists typed into the URL."""
        is_offered = "__" not in lookup or lookup.endswith("__exact")
        return is_offered and super().lookup_allowed(lookup, value, request)

    def get_search_results(self, request, queryset, search_term):
        # Each word becomes a separate condition, and SQLite refuses a statement with a thousand of them.
        if sum(1 for _ in smart_split(search_term)) > SEARCH_MAX_WORDS:
            raise SuspiciousOperation(f"A search may have up to {SEARCH_MAX_WORDS} words.")
        return super().get_search_results(request, queryset, search_term)

    def search_label(self, obj):
        """Return the text by which a search box offers an object."""
        return str(obj)

    def get_changelist_formset(self, request, **kwargs):
        # By default Django creates up to 2,000 forms if a request asks for them.
        limits = {"max_num": self.list_per_page, "absolute_max": self.list_per_page}
        return super().get_changelist_formset(request, **limits | kwargs)

    def changelist_view(self, request, extra_context=None):
        # Actions apply only to the current page, whatever is sent.
        request.POST = request.POST.copy()
        request.POST.pop("select_across", None)
        return super().changelist_view(request, extra_context)


class ChangesOnlyMixin:
    """Makes `changed_data` what a person changed: compared with what the page showed, not with the current state."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        return super().formfield_for_dbfield(db_field, request, show_hidden_initial=True, **kwargs)


class ReadOnlyMixin:
    """Lets rows be viewed but not edited."""

    def has_add_permission(self, request, obj=None):
        return False

    has_change_permission = has_delete_permission = has_add_permission


class ReadOnlyAdmin(ReadOnlyMixin, ListAdmin):
    pass


class ReadOnlyInline(ReadOnlyMixin, TabularInline):
    hide_title = True


def link(url, text):
    return format_html('<a class="text-link" href="{}">{}</a>', url, text)


def download(chunks, name):
    """Return a response that a browser saves as a CSV file, streamed in chunks."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8", headers=headers)
