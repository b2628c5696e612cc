"""Lists that are counted for callers who ask for it: `Prefer: count=exact`, answered with `Total-Count`."""

from .pagination import KeysetPagination
from .prefer import honor

COUNT_MAX = 10_000


class CountedPagination(KeysetPagination):
    """Pages that come with the number of all items of the list, if the caller prefers that."""

    def paginate_queryset(self, queryset, request, view=None):
        rows = super().paginate_queryset(queryset, request, view)
        # In the order of the page, so that it is read from the same index.
        self.total = count(queryset.order_by(self.field, "id")) if honor(request, "count", "exact") else None
        return rows

    def get_paginated_response(self, data):
        response = super().get_paginated_response(data)
        if self.total is not None:
            response.headers["Total-Count"] = self.total
            response.about_list += self.total
        return response


def count(queryset):
    """Return the number of rows as text, or "10000+" if there are more: they are not read."""
    number = queryset.values("pk")[: COUNT_MAX + 1].count()
    return str(number) if number <= COUNT_MAX else f"{COUNT_MAX}+"
