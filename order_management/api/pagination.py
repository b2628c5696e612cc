from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from django.core import signing
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from ..db.rows import first_rows

PAGE_SIZE = 100
PAGE_SIZE_MAX = 1000


class Cursor(NamedTuple):
    """Where a page begins: after the row with this sort value and id, or before it if `backwards`."""

    backwards: bool
    value: str
    id: int


class KeysetPagination(BasePagination):
    """Pages of a bare array; the neighbors are in the `Link` header (RFC 8288).

    A page begins at a row, which is found by (sort field, id) in the index: it costs the same at any depth, and rows
    that come and go do not shift the others. The view lists its `orderings`, the default first.
    """

    page_size_help = "Items per page; the `Link` header leads to the rest."
    link_help = 'The neighboring pages (RFC 8288): `rel="next"` and `rel="prev"`.'
    invalid_cursor = "Invalid cursor for this list and ordering."

    def paginate_queryset(self, queryset, request, view=None):
        """Return the rows of the page as a list; raise ValidationError (400) for a malformed parameter."""
        self.url = request.build_absolute_uri()
        query = request.query_params
        self.size = page_size(query.get("page_size", str(PAGE_SIZE)))
        ordering = query.get("ordering", view.orderings[0])
        if ordering not in view.orderings:
            raise ValidationError({"ordering": [f"Order by one of: {', '.join(view.orderings)}."]})
        self.field = ordering.removeprefix("-")
        # The signature ties a cursor to the list and ordering it was made for.
        self.signer = signing.Signer(salt=f"{request.path} {ordering}")
        self.cursor = self.read_cursor(query["cursor"]) if "cursor" in query else None
        backwards = self.cursor is not None and self.cursor.backwards
        self.descending = ordering.startswith("-") != backwards
        rows, has_more = self.read_page(queryset)
        rows = rows[::-1] if backwards else rows
        self.links = {rel: self.link(cursor) for rel, cursor in self.neighbors(rows, has_more).items()}
        return rows

    def read_page(self, queryset):
        """Return the rows of the page in the direction of the cursor, and whether there are more after them."""
        # One extra row tells whether there is another page, without a count.
        rows, wanted = [], self.size + 1
        for part in self.parts(queryset):
            rows += self.first_rows(part, wanted)
            if len(rows) >= wanted:
                break
        page = self.trim(rows[: self.size])
        return page, len(page) < len(rows)

    def first_rows(self, queryset, size):
        sign = "-" if self.descending else ""
        ordering = (f"{sign}{self.field}", f"{sign}id")
        first, *others = [first_rows(branch, ordering, size) for branch in self.branches(queryset)]
        if not others:
            return first
        rows = {row.id: row for row in chain(first, *others)}  # a row that has moved to a later branch is found twice
        return sorted(rows.values(), key=attrgetter(self.field, "id"), reverse=self.descending)[:size]

    def branches(self, queryset):
        """Return querysets that have the rows of this one between them, each in the order of an index."""
        return [queryset]

    def trim(self, rows):
        """Return the rows that fit on one page. A subclass may leave out the last ones."""
        return rows

    def parts(self, queryset):
        """Yield the querysets whose rows, one after the other, follow the cursor.

        First the rows with the same value and a further id, then those with a further value: each is an index lookup.
        For a comparison of both columns at once, SQLite would read all rows with the same value.
        """
        if self.cursor is None:
            yield queryset
            return
        further, (_, value, pk) = "lt" if self.descending else "gt", self.cursor
        if self.field == "id":
            yield queryset.filter(**{f"id__{further}": pk})
            return
        yield queryset.filter(**{self.field: value, f"id__{further}": pk})
        yield queryset.filter(**{f"{self.field}__{further}": value})

    def get_paginated_response(self, data):
        links = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in self.links.items())
        response = Response(data, headers={"Link": links} if links else None)
        response.about_list = links  # for the ETag
        return response

    def neighbors(self, rows, has_more):
        """Return the cursors of the pages that exist on either side, by their link relation."""
        backwards = self.cursor is not None and self.cursor.backwards
        ahead, behind = ("prev", "next") if backwards else ("next", "prev")
        if not rows:
            # All rows from here on were deleted in the meantime: the way back includes the row at the cursor.
            return {behind: self.reversed_cursor(backwards)} if self.cursor else {}
        exists = {ahead: has_more, behind: self.cursor is not None}
        ends = {"prev": Cursor(True, *self.key(rows[0])), "next": Cursor(False, *self.key(rows[-1]))}
        return {rel: cursor for rel, cursor in ends.items() if exists[rel]}

    def reversed_cursor(self, backwards):
        _, value, pk = self.cursor
        return Cursor(not backwards, value, pk + (-1 if self.descending else 1))

    def key(self, row):
        return str(getattr(row, self.field)), row.id

    def link(self, cursor):
        return replace_query_param(self.url, "cursor", self.signer.sign_object(cursor))

    def read_cursor(self, signed):
        try:
            return Cursor(*self.signer.unsign_object(signed))
        except signing.BadSignature:
            raise ValidationError({"cursor": [self.invalid_cursor]}) from None

    def get_schema_operation_parameters(self, view):
        ordering = {"type": "string", "enum": list(view.orderings), "default": view.orderings[0]}
        size, cursor = self.page_parameters()
        return [size, parameter("ordering", "Equal values are ordered by id.", ordering), cursor]

    def page_parameters(self):
        page_size = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}
        return [
            parameter("page_size", self.page_size_help, page_size),
            parameter("cursor", "From the URLs in the `Link` header.", {"type": "string"}),
        ]


def page_size(value):
    if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= PAGE_SIZE_MAX):
        raise ValidationError({"page_size": [f"Must be from 1 to {PAGE_SIZE_MAX}."]})
    return int(value)


def parameter(name, description, schema):
    return {"name": name, "in": "query", "description": description, "schema": schema}
