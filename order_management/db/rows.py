"""Pages of rows, read by SQL that is compiled once for each set of conditions."""

from functools import lru_cache, partial

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection, connections, models
from django.db.models.query import NamedValuesListIterable
from django.db.models.utils import create_namedtuple_class
from django.utils.functional import cached_property

from .prepared import converted
from .replica import source


class RowQuerySet(models.QuerySet):
    """A QuerySet whose `values_list(named=True)` can be read by SQL that is compiled once: see `first_rows`."""

    @cached_property
    def conditions(self):
        """The SQL of the WHERE clause and its parameters."""
        try:
            return self.query.get_compiler(connection=connection).compile(self.query.where)
        except FullResultSet:
            return "", []


def first_rows(queryset, ordering, size):
    """Return the first rows of a queryset in an ordering.

    The SQL is compiled once for all querysets of a model with the same columns and conditions, whatever their
    parameters. To compare the conditions, each call compiles the WHERE clause alone, which is cheap.
    """
    if not is_plain(queryset):
        return list(queryset.order_by(*ordering)[:size])
    try:
        conditions, parameters = queryset.conditions
    except EmptyResultSet:
        return []
    query = queryset.query
    columns = (*queryset._fields, *query.annotations.items())
    statement = statements(queryset.model, columns, conditions, ordering, size)
    if not statement:
        statement.append(compile_rows(queryset.order_by(*ordering)[:size], len(parameters)))
    # Threads that find it empty at the same moment each append one. They are equal, and the first is used.
    sql, first_parameters, result = statement[0]
    with connections[source.get()].cursor() as cursor:
        cursor.execute(sql, (*first_parameters, *parameters))
        return result(cursor)


def is_plain(queryset):
    """Return whether a queryset of rows differs from others only in its columns and conditions."""
    query = queryset.query
    return queryset._iterable_class is NamedValuesListIterable and not (
        query.group_by or query.distinct or query.combinator or query.is_sliced
    )


@lru_cache(maxsize=1024)
def statements(model, columns, conditions, ordering, size):
    """Return the list that keeps the statement compiled for these arguments, empty at first."""
    return []


def compile_rows(queryset, condition_count):
    """Return the SQL, its parameters except those of the conditions, which come last, and a reader of its rows."""
    compiler = queryset.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    rows = converted(compiler)
    make = partial(tuple.__new__, create_namedtuple_class(*queryset._fields))
    first_parameters = parameters[: len(parameters) - condition_count]
    return sql, first_parameters, lambda cursor: [make(row) for row in rows(cursor)]
