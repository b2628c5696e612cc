"""Statements that the ORM writes once, for what nearly every call does.

To have the same SQL written anew takes up to ten times as long as to run it: 0.2 ms for a look-up by key.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter, methodcaller
from typing import NamedTuple

from django.db import connection, connections, models
from django.db.models.sql import UpdateQuery

from ..money import money
from .replica import source

PLAIN = (models.IntegerField, models.CharField, models.ForeignKey)

# Stand for the values while the ORM writes. No constant is one of them; they fit into every column of numbers.
PLACEHOLDERS = [2_147_000_000 + number for number in range(1024)]


class Statement:
    """SQL as a function of its values, each of which is a number or a text and stands in the statement once."""

    def __init__(self, build):
        self.build = build
        # By the number of values.
        self.written = cache(self.write)

    def __call__(self, *values):
        written = self.written(len(values))
        parameters = list(written.parameters)
        for place, position in written.places:
            parameters[place] = values[position]
        with connections[source.get()].cursor() as cursor:
            cursor.execute(written.sql, parameters)
            return written.result(cursor)

    def query(self, placeholders):
        return self.build(*placeholders).query

    def result(self, compiler):
        """Return a function that makes of the cursor what a call returns."""
        raise NotImplementedError

    def write(self, count):
        """Have the ORM write it, and find the places of the values among its parameters."""
        compiler = self.query(PLACEHOLDERS[:count]).get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        positions = {str(placeholder): position for position, placeholder in enumerate(PLACEHOLDERS[:count])}
        places = [(place, positions[str(p)]) for place, p in enumerate(parameters) if str(p) in positions]
        if len(places) != count:
            raise ValueError(f"Each value stands in the statement once, and there are at most {len(PLACEHOLDERS)}.")
        return Written(sql, parameters, places, self.result(compiler))


class Written(NamedTuple):
    sql: str
    parameters: Iterable
    places: list  # pairs of a place among the parameters, and the position of the value that belongs there
    result: Callable


class Select(Statement):
    """A query: `Select(lambda pk: Product.objects.filter(pk=pk).values_list("name"))`.

    The rows are tuples, as the database driver gives them: SQLite's has floats for decimals, and times without a zone.
    """

    def result(self, compiler):
        return methodcaller("fetchall")


class Get(Statement):
    """The one object that a query finds, or None."""

    def __init__(self, build):
        super().__init__(lambda *values: build(*values).values_list(*self.columns(build(*values).model)))

    @staticmethod
    def columns(model):
        return [field.attname for field in model._meta.concrete_fields]

    def __call__(self, *values):
        try:
            return super().__call__(*values)
        except OverflowError:  # SQLite, of a key past 64 bits
            return None

    def result(self, compiler):
        model = compiler.query.model
        columns = self.columns(model)
        converters = compiler.get_converters([column for column, *_ in compiler.select])

        def one(cursor):
            rows = cursor.fetchall()
            if not rows:
                return None
            [row] = compiler.apply_converters(rows, converters)
            return model.from_db(connection.alias, columns, row)

        return one


class Rows(Statement):
    """The rows of a query of `values()`, as dicts; amounts are text, as callers see them."""

    def result(self, compiler):
        names = list(compiler.query.selected)
        columns = zip(names, compiler.select, strict=True)
        amounts = [name for name, (column, *_) in columns if isinstance(column.output_field, models.DecimalField)]

        def dicts(cursor):
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            for name in amounts:
                for row in rows:
                    row[name] = money(row[name])
            return rows

        return dicts


class Update(Statement):
    """An UPDATE: `build` returns the queryset, and a dict of what becomes of its fields; how many rows were changed."""

    def query(self, placeholders):
        queryset, changes = self.build(*placeholders)
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return query

    def result(self, compiler):
        return attrgetter("rowcount")


class Change:
    """An UPDATE of fields of one row: `Change(Product)(pk, price=price)`."""

    def __init__(self, model):
        self.model = model
        self.written = cache(self.write)

    def __call__(self, pk, **values):
        sql, prepare = self.written(*values)
        parameters = [make(value, connection) for make, value in zip(prepare, values.values(), strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, pk])

    def write(self, *names):
        quote, meta = connection.ops.quote_name, self.model._meta
        fields = [meta.get_field(name) for name in names]
        columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
        sql = f"UPDATE {quote(meta.db_table)} SET {columns} WHERE {quote(meta.pk.column)} = %s"  # noqa: S608
        return sql, [field.get_db_prep_save for field in fields]


class Insert:
    """An INSERT of rows, each given as the values of the named fields, and all the others may be null."""

    def __init__(self, model, *names):
        self.model = model
        self.fields = [model._meta.get_field(name) for name in names]
        # Numbers, text and keys are what the database takes; the others, amounts and times, it wants prepared.
        self.plain = [isinstance(field, PLAIN) for field in self.fields]
        self.written = cache(self.write)

    def __call__(self, *rows):
        """Write the rows, and return the id of the first."""
        return self.ids(*rows)[0]

    def ids(self, *rows):
        """Write the rows, however few, and return their ids."""
        if not rows:
            return []
        values = [
            value if plain else field.get_db_prep_save(value, connection)
            for row in rows
            for field, plain, value in zip(self.fields, self.plain, row, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.written(len(rows)), values)
            return [pk for (pk,) in cursor.fetchall()]

    def write(self, count):
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in self.fields)
        rows = ", ".join([f"({', '.join(['%s'] * len(self.fields))})"] * count)
        meta = self.model._meta
        return f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {rows} RETURNING {quote(meta.pk.column)}"  # noqa: S608


class Put(Insert):
    """An INSERT of rows with their ids, where those that are there already are changed instead."""

    def write(self, count):
        quote = connection.ops.quote_name
        pk, *columns = [quote(field.column) for field in self.fields]
        changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
        return super().write(count).replace(" RETURNING ", f" ON CONFLICT ({pk}) DO UPDATE SET {changes} RETURNING ")


class InsertNew(Insert):
    """An INSERT that skips rows whose unique value exists: only the ids of new rows are returned."""

    def write(self, count):
        return super().write(count).replace(" RETURNING ", " ON CONFLICT DO NOTHING RETURNING ")


def padded(values):
    """Return the values, the last one as often as it takes to a power of two: that many statements are written."""
    values = list(values)
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))
