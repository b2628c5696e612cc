class CountWrites:
    """A wrapper of a connection that counts statements that write something, except those rolled back to a savepoint.

    https://docs.djangoproject.com/en/5.2/topics/db/instrumentation/
    """

    def __init__(self):
        self.count = 0
        self.at_savepoint = {}

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
