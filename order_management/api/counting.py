"""Lists with a `Total-Count` header for callers who ask for it with `Prefer: count=exact`."""

from .pagination import KeysetPagination
from .prefer import honor

COUNT_MAX = 10_000


class CountedPagination(KeysetPagination):
    """Pages with the number of items in the whole list, if the caller asks for it."""

    def paginate_queryset(self, queryset, request, view=None):
        rows = super().paginate_queryset(queryset, request, view)
        # Ordered like the page, so that the database uses the same index.
        ordered = (branch.order_by(self.field, "id") for branch in self.branches(queryset))
        self.total = count(ordered) if honor(request, "count", "exact") else None
        return rows

    def get_paginated_response(self, data):
        response = super().get_paginated_response(data)
        if self.total is not None:
            response.headers["Total-Count"] = self.total
            response.about_list += self.total
        return response


def count(querysets):
    """Return the number of rows as text: "10000+" if there are more than 10,000, which are not read."""
    number = sum(queryset.values("pk")[: COUNT_MAX + 1].count() for queryset in querysets)
    return str(number) if number <= COUNT_MAX else f"{COUNT_MAX}+"
