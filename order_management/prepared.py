"""Statements that the ORM writes once, for what nearly every call does.

To have the same SQL written anew takes ten times as long as to run it: 0.2 ms for a look-up by key.
"""

from functools import cache, lru_cache

from django.db import connection, models

from .shown import moment, money

SHOWN = {models.DecimalField: money, models.DateTimeField: moment}

# Stand for the values while the ORM writes. No constant is one of them; they fit into every column of numbers.
PLACEHOLDERS = [2_147_000_000 + number for number in range(1024)]


class Select:
    """A query as a function of its values: `Select(lambda pk: Product.objects.filter(pk=pk).values_list("name"))`.

    Each value is a number or a text, and stands where it may stand in a queryset, once. The rows are tuples, as the
    database driver gives them: on SQLite decimals are floats, and times are without a zone.
    """

    def __init__(self, build):
        self.build = build
        self.written = cache(self.write)

    def __call__(self, *values):
        sql, parameters, places, _ = self.written(len(values))
        parameters = list(parameters)
        for place, position in places:
            parameters[place] = values[position]
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def write(self, count):
        """Return the SQL, its parameters, which of them are which values, and the compiler, which knows the types."""
        compiler = self.build(*PLACEHOLDERS[:count]).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        positions = {str(placeholder): position for position, placeholder in enumerate(PLACEHOLDERS[:count])}
        places = [(place, positions[str(p)]) for place, p in enumerate(parameters) if str(p) in positions]
        if len(places) != count:
            raise ValueError("Each value stands in the query once.")
        compiler.converters = compiler.get_converters([column for column, *_ in compiler.select])
        return sql, parameters, places, compiler


class Get(Select):
    """The one object that a query finds, or None."""

    def __init__(self, build):
        super().__init__(lambda *values: build(*values).values_list(*self.columns(build(*values).model)))

    @staticmethod
    def columns(model):
        return [field.attname for field in model._meta.concrete_fields]

    def __call__(self, *values):
        try:
            rows = super().__call__(*values)
        except OverflowError:  # SQLite, of a key past 64 bits
            return None
        if not rows:
            return None
        *_, compiler = self.written(len(values))
        model = compiler.query.model
        [row] = compiler.apply_converters(rows, compiler.converters)
        return model.from_db(connection.alias, self.columns(model), row)


class Rows(Select):
    """The rows of a query of `values()`, as dicts; amounts are text, as callers see them."""

    def __call__(self, *values):
        rows = super().__call__(*values)
        *_, compiler = self.written(len(values))
        return [
            {name: show(value) if show else value for (name, show), value in zip(compiler.shown, row, strict=True)}
            for row in rows
        ]

    def write(self, count):
        *written, compiler = super().write(count)
        types = [type(column.output_field) for column, *_ in compiler.select]
        compiler.shown = list(zip(compiler.query.selected, map(SHOWN.get, types), strict=True))
        return *written, compiler


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
