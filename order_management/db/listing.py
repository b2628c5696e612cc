from functools import lru_cache

from .prepared import Rows


class Listing:
    """A list as `build(*values)`, a queryset of `values()`: not made before somebody filters it or turns its page."""

    def __init__(self, build, *values):
        self.build, self.values = build, values

    def queryset(self):
        return self.build(*self.values)

    def first(self, ordering, size):
        return first_rows(self.build, ordering, size)(*self.values)


@lru_cache(maxsize=1024)
def first_rows(build, ordering, size):
    """Return the first rows of the querysets that `build` makes, as a prepared query of its values."""
    return Rows(lambda *values: build(*values).order_by(*ordering)[:size])
