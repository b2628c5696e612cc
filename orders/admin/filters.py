from datetime import date

from django.utils.dateparse import parse_date
from unfold.contrib.filters.admin import RangeDateFilter


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in the time zone of the shop. Text that is not a date is ignored."""

    def queryset(self, request, orders):
        first, last = self.day("from"), self.day("to")
        return orders.created_on(first or date.min, last or date.max) if first or last else orders

    def day(self, name):
        return read_day(self.used_parameters.get(f"{self.parameter_name}_{name}", ""))


def read_day(text):
    try:
        return parse_date(text)
    except ValueError:  # such as 2026-02-30
        return None
