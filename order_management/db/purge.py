from django.db.models import Q
from django.utils import timezone

from ..batches import batches
from ..clocks import CLOCK_SKEW
from .transactions import atomic

# Small batches, so that nobody waits long for a lock.
BATCH = 1000
PAGE = 10_000


def purge(model, expired):
    """Delete every row that matches a Q, one batch per transaction; return how many.

    It may run on several nodes at once: it skips rows that another transaction has locked.
    """
    return sum(delete_rows(model, expired, pks) for pks in batches(find(model, expired), BATCH))


def restamp(model, field):
    """Set times in the future, from a clock that was ahead, to now; return how many."""
    ahead = Q(**{f"{field}__gt": timezone.now() + CLOCK_SKEW})
    return sum(update_rows(model, ahead, pks, {field: timezone.now()}) for pks in batches(find(model, ahead), BATCH))


def find(model, wanted):
    """Yield the keys of the rows that match a Q, reading the whole table without locks."""
    # In key order, so that writes need not maintain an index on the time. Page by page, so that memory is bounded and
    # SQLite has no open query while rows are deleted.
    table = model.objects.order_by("pk").annotate(is_wanted=wanted).values_list("pk", "is_wanted")
    page = table[:PAGE]
    while rows := list(page):
        yield from (pk for pk, is_wanted in rows if is_wanted)
        page = table.filter(pk__gt=rows[-1][0])[:PAGE]


@atomic
def delete_rows(model, expired, pks):
    pks = lock_rows(model, expired, pks)
    model.objects.filter(pk__in=pks).delete()
    return len(pks)


@atomic
def update_rows(model, wanted, pks, values):
    return model.objects.filter(pk__in=lock_rows(model, wanted, pks)).update(**values)


def lock_rows(model, wanted, pks):
    """Lock the rows that still match the Q, and return their keys."""
    rows = model.objects.select_for_update(skip_locked=True).filter(wanted, pk__in=pks)
    return list(rows.values_list("pk", flat=True))
