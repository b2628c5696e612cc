"""The Export button of the admin site's lists."""

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action

from .lists import download

COUNT_MAX = 10_000


class ExportMixin:
    """Adds a button to a list that exports all its pages, as filtered, searched and ordered."""

    actions_list = ["export_file"]

    def export(self, queryset):
        """Return a file with the queryset in its order, as chunks of text."""
        raise NotImplementedError

    @action(description="Export", icon="download", url_path="export")
    def export_file(self, request):
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(reverse(self.url_of("changelist"), query={ERROR_FLAG: 1}))
        # Before the response begins, so that a value that the database refuses is a 400.
        changelist.queryset.exists()
        name = "-".join(map(str, [self.opts.verbose_name_plural, *self.export_dates(request)]))
        return download(self.export(changelist.queryset), f"{name}.csv")

    def export_dates(self, request):
        """Return the days in the file's name: the day of the export."""
        return [timezone.localdate()]

    def changelist_view(self, request, extra_context=None):
        """Add the filters of the list to the button, and how many rows will be exported."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            path, query = reverse(self.url_of("export_file")), list_query(request)
            title = f"Export {export_count(context['cl'])}"
            for button in context["actions_list"]:
                if button.get("path") == path:
                    button |= {"path": f"{path}?{query}" if query else path, "title": title}
        return response

    def url_of(self, view):
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}"


def count_with_name(opts, count):
    """Return a count with the name of the model: 1 product, 1,200 products."""
    return f"{count:,} {model_ngettext(opts, count)}"


def list_query(request):
    """Return the query string of a list without the parameters of a single page."""
    query = request.GET.copy()
    for name in (PAGE_VAR, ERROR_FLAG):
        query.pop(name, None)
    return query.urlencode()


def export_count(changelist):
    """Return the number of rows on all pages, with their name, counted up to COUNT_MAX."""
    count = visible_count(changelist)
    if count is None:
        count = changelist.queryset.order_by()[: COUNT_MAX + 1].count()
    if count > COUNT_MAX:
        return f"more than {count_with_name(changelist.opts, COUNT_MAX)}"
    return count_with_name(changelist.opts, count)


def visible_count(changelist):
    """Return the number of rows on all pages if this is the last page, else None."""
    before, here = (changelist.page_num - 1) * changelist.list_per_page, len(changelist.result_list)
    is_last = here < changelist.list_per_page and (here or not before)
    return before + here if is_last else None
