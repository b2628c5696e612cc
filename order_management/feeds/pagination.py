from django.core import signing
from rest_framework.exceptions import ValidationError
from rest_framework.utils.urls import remove_query_param

from ..api.pagination import PAGE_SIZE, Cursor, KeysetPagination, page_size, parameter
from .models import FeedEpoch

START = Cursor(False, "0", 0)


class FeedPagination(KeysetPagination):
    """Pages of a feed, oldest first. Each has a `rel="next"`, even if it is the last one or empty.

    A cursor is the position and id of the last row that was read, signed together with the epoch.
    """

    page_size_help = "Rows per page. Only an empty page means that there are no more rows for now."
    link_help = (
        'The next page (RFC 8288), on every page. Keep the URL of `rel="next"`: it returns the rows added since.'
    )
    invalid_cursor = "Invalid cursor for this feed, or the database has been restored. Start again without it."

    def paginate_queryset(self, queryset, request, view=None):
        """Return the rows of the page as a list; raise ValidationError (400) for a malformed parameter."""
        self.url = remove_query_param(request.build_absolute_uri(), "start")
        size = page_size(request.query_params.get("page_size", str(PAGE_SIZE)))
        self.signer = signing.Signer(salt=f"{request.path} {FeedEpoch.objects.current()}")
        _, position, pk = begin = self.beginning(queryset, request.query_params)
        rows = queryset.after(int(position), pk, size=size)
        self.links = {"next": self.link(cursor_at(rows[-1]) if rows else begin)}
        return rows

    def beginning(self, queryset, query):
        """Return the cursor after which the page begins."""
        if "cursor" in query:
            return self.read_cursor(query["cursor"])
        if "start" not in query:
            return START
        if query["start"] != "latest":
            raise ValidationError({"start": ["Must be latest."]})
        return next(map(cursor_at, queryset.latest_settled()), START)

    def get_schema_operation_parameters(self, view):
        start = "`latest` starts at the end: it returns no rows, and a `Link` to those added from now on."
        size, cursor = self.page_parameters()
        return [size, parameter("start", start, {"type": "string", "enum": ["latest"]}), cursor]


def cursor_at(row):
    return Cursor(False, str(row.position), row.id)
