from itertools import accumulate

from order_management.api.counting import CountedPagination

from .models import Order
from .serializers import LINES_MAX

PAGE_LINES_MAX = 10_000


class OrderPagination(CountedPagination):
    """Pages that also end after the order that reaches 10,000 lines."""

    page_size_help = (
        f"Orders per page, which also ends after the order that reaches {PAGE_LINES_MAX:,} lines; only the `Link` "
        "header says whether there is more."
    )

    def paginate_queryset(self, queryset, request, view=None):
        # The filter has checked them. They are read in the order of the life cycle, so that an order that takes a step
        # meanwhile is found at least once.
        wanted = request.query_params.get("status", "").split(",")
        self.statuses = [status for status in Order.Status if status in wanted]
        return super().paginate_queryset(queryset, request, view)

    def branches(self, queryset):
        # The index by status and time has the orders of one status in order, but not those of several.
        if len(self.statuses) < 2 or self.field != "created_at":
            return [queryset]
        return [queryset.filter(status=status) for status in self.statuses]

    def trim(self, rows):
        # A page of the default size cannot exceed the limit.
        if len(rows) * LINES_MAX <= PAGE_LINES_MAX:
            return rows
        counts = Order.objects.line_counts(row.id for row in rows)
        totals = accumulate(counts.get(row.id, 0) for row in rows)
        ends = (end for end, total in enumerate(totals, start=1) if total >= PAGE_LINES_MAX)
        return rows[: next(ends, None)]
