"""The sequences that number new rows."""

from django.db import connection

# Never lowered: another transaction may have been given a higher id that is not committed yet.
POSTGRESQL = """
    SELECT setval(sequence, greatest(%(last)s, nextval(sequence)))
    FROM (SELECT pg_get_serial_sequence(%(table)s, 'id')::regclass AS sequence) AS of_table
    WHERE COALESCE(pg_sequence_last_value(sequence), 0) < %(last)s
"""
SQLITE = "UPDATE sqlite_sequence SET seq = max(seq, %(last)s) WHERE name = %(table)s"
# A table has no sequence before its first row.
SQLITE_NEW = "INSERT INTO sqlite_sequence (name, seq) VALUES (%(table)s, %(last)s)"


def reserve_ids(model, last):
    """Keep all ids up to `last` from being given to new rows of a model."""
    parameters = {"table": model._meta.db_table, "last": last}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL, parameters)
            return
        cursor.execute(SQLITE, parameters)
        if not cursor.rowcount:
            cursor.execute(SQLITE_NEW, parameters)
