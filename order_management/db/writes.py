from django.db import connection


class Writes:
    """Counts the statements in a block that wrote something, except those rolled back to a savepoint.

    with Writes() as writes:
        ...
    writes.count
    """

    def __init__(self):
        self.count = 0
        self.at_savepoint = {}
        self.wrapper = connection.execute_wrapper(self)

    def __enter__(self):
        self.wrapper.__enter__()
        return self

    def __exit__(self, *error):
        return self.wrapper.__exit__(*error)

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        word, last = sql.split(None, 1)[0], sql.rsplit(None, 1)[-1]
        if word == "SAVEPOINT":
            self.at_savepoint[last] = self.count
        elif word == "ROLLBACK":
            self.count = self.at_savepoint.get(last, 0)
        elif word in ("INSERT", "UPDATE", "DELETE"):
            # With RETURNING, rowcount is known only once the rows are fetched.
            self.count += "RETURNING" in sql or context["cursor"].rowcount != 0
        return result
