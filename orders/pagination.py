from itertools import accumulate

from order_management.api.pagination import KeysetPagination
from order_management.db.prepared import padded

from .models import line_counts
from .serializers import LINES_MAX

PAGE_LINES_MAX = 10_000


class OrderPagination(KeysetPagination):
    """Pages that also end after the order that reaches 10,000 lines."""

    page_size_help = (
        f"Orders per page, which also ends after the order that reaches {PAGE_LINES_MAX:,} lines; only the `Link` "
        "header says whether there is more."
    )

    def limited(self, rows):
        # A page of the default size cannot reach the limit.
        if len(rows) * LINES_MAX <= PAGE_LINES_MAX:
            return rows
        counts = dict(line_counts(*padded(row["id"] for row in rows)))
        reached = accumulate(counts.get(row["id"], 0) for row in rows)
        ends = (end for end, lines in enumerate(reached, start=1) if lines >= PAGE_LINES_MAX)
        return rows[: next(ends, None)]
