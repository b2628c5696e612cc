from datetime import MAXYEAR, MINYEAR

from django.utils.dateparse import parse_date
from unfold.contrib.filters.admin import RangeDateFilter


class DayFilter(RangeDateFilter):
    """From one day to another, both included, in the time zone of the shop. Text that is not a date is ignored."""

    def queryset(self, request, orders):
        return orders.created_on(self.day("from"), self.day("to"))

    def day(self, name):
        return read_day(self.used_parameters.get(f"{self.parameter_name}_{name}", ""))


def read_day(text):
    """Return the day, or None if the text is not one. In the first and last years, a day may have no time in UTC."""
    try:
        day = parse_date(text)
    except ValueError:  # such as 2026-02-30
        return None
    return day if day and MINYEAR < day.year < MAXYEAR else None
