"""The rows of feeds, in the order in which readers see them: by position and id.

PostgreSQL does not commit rows in the order of their ids, so the id alone is not enough. There, the database sets the
position of a row: the id of its transaction, or of the newest transaction that had ended when the row was inserted,
whichever is greater. A reader sees the rows below the oldest transaction that is still running in the snapshot of its
statement.

- No row is missed. A position is never below the id of the row's own transaction. So every row below the bound belongs
  to a transaction that has ended, and is visible. Every row that is committed later is at or above the bound, after
  everything that the reader has seen. This is also true if one snapshot is of the primary and another of a replica.
- No row is repeated. Positions never change, and a page begins after the last row of the previous page.
- Rows of one product or order come in the order in which they were written. Each is inserted by a statement that begins
  while its product or order is locked. By then, the transaction of the previous row has ended, so the newest one that
  has ended is at least as new as that one, and as the one that gave the previous row its position.
- A crash or failover changes none of this. If the commit of a row survives, so does everything before it in the
  write-ahead log, including the end of the transaction whose id is the row's position. No later transaction gets that
  id or a lower one.

Rows inserted before the column existed are at position 0, and come first. On SQLite, one transaction writes at a time,
so ids are in the order of the commits, and every position is 0.
"""

import secrets

from django.db import connection, models
from django.db.models import F, Func, Value
from django.db.models.lookups import GreaterThan

from ..db.prepared import Select
from ..db.rows import RowQuerySet, first_rows

EPOCH_MAX = 2**63 - 1


class NextPosition(Func):
    """The position of a row inserted by this statement."""

    template = "0"
    arity = 0
    allowed_default = True
    output_field = models.BigIntegerField()

    def as_postgresql(self, compiler, connection, **context):
        newest_ended = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1"
        template = f"greatest(pg_current_xact_id()::text::bigint, {newest_ended})"
        return self.as_sql(compiler, connection, template=template, **context)


class OldestRunning(Func):
    """The id of PostgreSQL's oldest transaction that was still running when the statement began, on a replica too."""

    template = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    arity = 0
    output_field = models.BigIntegerField()


class Pair(Func):
    """A row value, `(a, b)`: two pairs are compared by their first items, then by their second."""

    template = "(%(expressions)s)"
    arity = 2
    output_field = models.BigIntegerField()


class FeedQuerySet(RowQuerySet):
    def after(self, position, pk, *, size):
        """Return the first rows after this position and id."""
        if connection.vendor == "sqlite":
            return first_rows(self.filter(id__gt=pk), ("id",), size)
        # In the same statement as the bound. A separate one would have another snapshot, and could miss rows.
        after = GreaterThan(Pair(F("position"), F("id")), Pair(Value(position), Value(pk)))
        return first_rows(self.settled().filter(after), ("position", "id"), size)

    def latest_settled(self):
        """Return a list of the last row that a reader can see now; it is empty if there is none."""
        if connection.vendor == "sqlite":
            return first_rows(self, ("-id",), 1)
        return first_rows(self.settled(), ("-position", "-id"), 1)

    def settled(self):
        """Leave out rows if another row may still be committed before them."""
        return self.filter(position__lt=OldestRunning())


class FeedRow(models.Model):
    """A row of a feed. Rows are added, never changed or removed."""

    # Nullable, so that SQLite adds the column without copying the table; it is never null.
    position = models.BigIntegerField(null=True, editable=False, db_default=NextPosition())

    class Meta:
        abstract = True


def random_epoch():
    return secrets.randbelow(EPOCH_MAX)


class FeedEpochManager(models.Manager):
    def current(self):
        """Return the number of the current epoch: 0 if there is none, as after `manage.py flush`."""
        rows = select_epoch()
        return rows[0][0] if rows else 0

    def begin(self):
        """Begin a new epoch: cursors of earlier epochs are refused."""
        self.update_or_create(pk=1, defaults={"number": random_epoch()})


class FeedEpoch(models.Model):
    """A random number with which all feed cursors are signed, in a table of one row. A restore draws a new number."""

    number = models.BigIntegerField(default=random_epoch)

    objects = FeedEpochManager()

    def __str__(self):
        return str(self.number)


select_epoch = Select(lambda: FeedEpoch.objects.values_list("number"))
