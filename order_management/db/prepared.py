"""Statements that the ORM compiles once, for what nearly every call does.

Compiling the SQL of a lookup by key takes 0.2 ms, up to ten times as long as running it. Here the ORM compiles it at
its first use, and each call only binds values: a call takes 1.9 to 2.8 times the CPU without it. Values come back as
from the ORM. The statements stand behind methods of managers and QuerySets; nothing else uses them.
"""

from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from django.db import connection, connections, models
from django.db.models.sql import UpdateQuery

from .replica import source

# Fields whose values the database driver takes as they are.
PLAIN = (models.IntegerField, models.CharField, models.ForeignKey)

# Stand-ins for the values while the ORM compiles. No constant equals one of them, and every integer column can hold
# them.
PLACEHOLDERS = [2_147_000_000 + number for number in range(1024)]


class Statement:
    """SQL as a function of its values. Each is a number or a string, and occurs in the statement at least once."""

    def __init__(self, build):
        self.build = build
        # One compilation for each number of values.
        self.compiled = cache(self.compile)

    def __call__(self, *values):
        compiled = self.compiled(len(values))
        parameters = list(compiled.parameters)
        for place, position in compiled.places:
            parameters[place] = values[position]
        with self.connection().cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            return compiled.result(cursor)

    def connection(self):
        return connections[source.get()]

    def query(self, placeholders):
        return self.build(*placeholders).query

    def result(self, compiler):
        """Return a function that turns the cursor into what a call returns."""
        raise NotImplementedError

    def compile(self, count):
        """Let the ORM compile the statement, and find where the values belong among its parameters."""
        compiler = self.query(PLACEHOLDERS[:count]).get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        positions = {str(placeholder): position for position, placeholder in enumerate(PLACEHOLDERS[:count])}
        places = [(place, positions[str(p)]) for place, p in enumerate(parameters) if str(p) in positions]
        if len({position for _, position in places}) != count:
            raise ValueError(f"Each value must occur, and there may be up to {len(PLACEHOLDERS)}.")
        return CompiledSQL(sql, parameters, places, self.result(compiler))


class CompiledSQL(NamedTuple):
    sql: str
    parameters: Iterable
    places: list  # pairs: the index of a parameter, and the index of the value that belongs there
    result: Callable


class Select(Statement):
    """A query that returns tuples: `Select(lambda pk: Product.objects.filter(pk=pk).values_list("name"))`."""

    def result(self, compiler):
        return converted(compiler)


class SelectUndeleted(Select):
    """A query whose rows cannot be deleted until the transaction ends; they can still be changed and referred to.

    `build` locks them with `select_for_update(no_key=True)`. The ORM lacks PostgreSQL's weaker lock, which is also the
    one that foreign keys take.
    """

    def compile(self, count):
        compiled = super().compile(count)
        return compiled._replace(sql=compiled.sql.replace("FOR NO KEY UPDATE", "FOR KEY SHARE"))


class SelectIn(Select):
    """A query for up to 1024 keys, given as one list; `build` takes them one by one."""

    def __call__(self, keys):
        keys = padded(keys)
        return super().__call__(*keys) if keys else []


def padded(values):
    """Return a list padded to a power of two by repeating the last value, so that few statements are compiled."""
    values = list(values)
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


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
        except OverflowError:  # SQLite, for a key past 64 bits
            return None

    def result(self, compiler):
        model, rows = compiler.query.model, converted(compiler)
        columns = self.columns(model)

        def get(cursor):
            return next((model.from_db(connection.alias, columns, row) for row in rows(cursor)), None)

        return get


class Update(Statement):
    """An UPDATE: `build` returns a queryset and a dict of new values; a call returns how many rows were changed."""

    def connection(self):
        return connection  # never a replica

    def query(self, placeholders):
        queryset, changes = self.build(*placeholders)
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return query

    def result(self, compiler):
        return attrgetter("rowcount")


class UpdateByPk:
    """An UPDATE of fields of one row: `UpdateByPk(Product)(pk, price=price)`."""

    def __init__(self, model):
        self.model = model
        self.compiled = cache(self.compile)

    def __call__(self, pk, **values):
        sql, prepare = self.compiled(*values)
        parameters = [make(value, connection) for make, value in zip(prepare, values.values(), strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, pk])

    def compile(self, *names):
        quote, meta = connection.ops.quote_name, self.model._meta
        fields = [meta.get_field(name) for name in names]
        columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
        sql = f"UPDATE {quote(meta.db_table)} SET {columns} WHERE {quote(meta.pk.column)} = %s"  # noqa: S608
        return sql, [field.get_db_prep_save for field in fields]


class Insert:
    """An INSERT of rows, each given as the values of the named fields; all other fields are null.

    A call returns the ids of the rows.
    """

    after = ""

    def __init__(self, model, *names):
        self.model = model
        self.fields = [model._meta.get_field(name) for name in names]
        # The driver takes numbers, text and keys as they are; amounts and times are prepared for it.
        self.plain = [isinstance(field, PLAIN) for field in self.fields]

    def __call__(self, *rows):
        if not rows:
            return []
        values = [
            value if plain else field.get_db_prep_save(value, connection)
            for row in rows
            for field, plain, value in zip(self.fields, self.plain, row, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql(len(rows)), values)
            return [pk for (pk,) in cursor.fetchall()]

    def sql(self, count):
        quote, meta = connection.ops.quote_name, self.model._meta
        table, pk = quote(meta.db_table), quote(meta.pk.column)
        columns = ", ".join(quote(field.column) for field in self.fields)
        rows = ", ".join([f"({', '.join(['%s'] * len(self.fields))})"] * count)
        return f"INSERT INTO {table} ({columns}) VALUES {rows} {self.after} RETURNING {pk}"  # noqa: S608


class InsertNew(Insert):
    """An INSERT that skips rows whose unique value exists: a call returns only the ids of new rows."""

    after = "ON CONFLICT DO NOTHING"


def converted(compiler):
    """Return a function that fetches the rows of a cursor, with the types that the ORM gives their values."""
    converters = compiler.get_converters([column for column, *_ in compiler.select])

    def convert(cursor):
        rows = cursor.fetchall()
        if not (rows and converters):
            return rows
        # Column by column: Django's apply_converters(), which goes row by row, takes twice as long.
        columns = list(zip(*rows, strict=True))
        for position, (functions, expression) in converters.items():
            for function in functions:
                columns[position] = [function(value, expression, connection) for value in columns[position]]
        return list(zip(*columns, strict=True))

    return convert
