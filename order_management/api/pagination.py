from datetime import datetime

from django.core import signing
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from ..db.listing import Listing

PAGE_SIZE = 100
PAGE_SIZE_MAX = 1000


class KeysetPagination(BasePagination):
    """Pages of a bare array; the neighbours are in the `Link` header (RFC 8288).

    A page begins behind a row, found by (sorted field, id) in the index: it costs the same at any depth, and rows
    that come and go shift none of the others. The view names its `orderings`, the default first. Rows are dicts.
    """

    page_size_help = "Items per page; the `Link` header leads to the rest."

    def paginate_queryset(self, queryset, request, view=None):
        """Return the rows of the page as a list; a malformed parameter: ValidationError (400)."""
        self.url = request.build_absolute_uri()
        query = request.query_params
        self.size = page_size(query.get("page_size", str(PAGE_SIZE)))
        ordering = query.get("ordering", view.orderings[0])
        if ordering not in view.orderings:
            raise ValidationError({"ordering": [f"Order by one of: {', '.join(view.orderings)}."]})
        self.field = ordering.removeprefix("-")
        # The signature ties a cursor to the list and ordering it was made for.
        self.signer = signing.Signer(salt=f"{request.path} {ordering}")
        self.backwards, *self.key = self.unpack(query["cursor"]) if "cursor" in query else [False]
        self.down = ordering.startswith("-") != self.backwards
        sign = "-" if self.down else ""
        self.order = (f"{sign}{self.field}", f"{sign}id")
        rows = self.page(queryset)
        self.links = {rel: self.link(*cursor) for rel, cursor in self.neighbours(rows).items()}
        return rows

    def page(self, queryset):
        # One more than shown says whether there is another page, without a count.
        wanted = self.size + 1
        if isinstance(queryset, Listing) and not self.key:
            rows = queryset.first(self.order, wanted)
        else:
            rows = []
            for part in self.parts(queryset.queryset() if isinstance(queryset, Listing) else queryset):
                rows += part[: wanted - len(rows)]
                if len(rows) == wanted:
                    break
        shown = self.limited(rows[: self.size])
        self.more = len(shown) < len(rows)
        return shown[::-1] if self.backwards else shown

    def limited(self, rows):
        """Return the rows that fit on one page. A subclass may leave out the last ones."""
        return rows

    def parts(self, queryset):
        """Yield the rows from the key on in order: those with an equal value and a further id, then the others.

        Two look-ups in the index: a comparison of both columns at once makes SQLite read all rows with an equal value.
        """
        further = "lt" if self.down else "gt"
        queryset = queryset.order_by(*self.order)
        if not self.key:
            yield queryset
            return
        value, pk = self.key
        if self.field != "id":
            yield queryset.filter(**{self.field: value, f"id__{further}": pk})
        yield queryset.filter(**{f"{self.field}__{further}": pk if self.field == "id" else value})

    def get_paginated_response(self, data):
        links = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in self.links.items())
        return Response(data, headers={"Link": links} if links else None)

    def neighbours(self, rows):
        """Return the cursors of the pages that exist on either side, by their link relation."""
        ahead, behind = ("prev", "next") if self.backwards else ("next", "prev")
        if not rows:
            if not self.key:
                return {}
            # All behind this page were deleted meanwhile: the way back includes the row it began behind.
            value, pk = self.key
            return {behind: (not self.backwards, value, pk + (-1 if self.down else 1))}
        cursors = {
            "prev": (True, text(rows[0][self.field]), rows[0]["id"]),
            "next": (False, text(rows[-1][self.field]), rows[-1]["id"]),
        }
        exists = {ahead: self.more, behind: bool(self.key)}
        return {rel: cursor for rel, cursor in cursors.items() if exists[rel]}

    def link(self, *cursor):
        return replace_query_param(self.url, "cursor", self.signer.sign_object(cursor))

    def unpack(self, cursor):
        """Return [backwards, value, id]: the side on which the page lies of the row with that value and id."""
        try:
            return self.signer.unsign_object(cursor)
        except signing.BadSignature:
            raise ValidationError({"cursor": ["This is no cursor of this list in this ordering."]}) from None

    def get_schema_operation_parameters(self, view):
        page_size = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}
        ordering = {"type": "string", "enum": list(view.orderings), "default": view.orderings[0]}
        return [
            parameter("page_size", self.page_size_help, page_size),
            parameter("ordering", "Equal values are ordered by id.", ordering),
            parameter("cursor", "From the URLs in the `Link` header.", {"type": "string"}),
        ]


def text(value):
    """Return a sort value as a cursor keeps it; SQLite's driver gives times in UTC without saying so."""
    naive = isinstance(value, datetime) and value.tzinfo is None
    return f"{value}+00:00" if naive else str(value)


def page_size(value):
    if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= PAGE_SIZE_MAX):
        raise ValidationError({"page_size": [f"A page has 1 to {PAGE_SIZE_MAX} items."]})
    return int(value)


def parameter(name, description, schema):
    return {"name": name, "in": "query", "description": description, "schema": schema}
