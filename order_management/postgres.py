"""What each connection to PostgreSQL begins with."""

from django.conf import settings
from django.db import connections

CONNECT_TIMEOUT = 5  # seconds
# Of a replica: while it is away, the primary can answer.
REPLICA_CONNECT_TIMEOUT = 2
# What a caller waits for has an end, a 503. Commands of manage.py take the time they need.
LIMITS = {"statement_timeout": "30s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}


def configure(databases, pgbouncer):
    """Complete Django's DATABASES."""
    for database in databases.values():
        database.setdefault("OPTIONS", {})["connect_timeout"] = CONNECT_TIMEOUT
        # Such a cursor outlives its transaction, and PgBouncer then gives the connection to somebody else.
        database["DISABLE_SERVER_SIDE_CURSORS"] = pgbouncer
    if "replica" in databases:
        databases["replica"]["OPTIONS"]["connect_timeout"] = REPLICA_CONNECT_TIMEOUT
        if not pgbouncer:
            # Who has written reads it on the replica, too.
            begin(databases["default"], synchronous_commit="remote_apply")


def begin(database, **parameters):
    """Let connections begin with these parameters; what the URL says of them in `options` comes last, and holds."""
    said = [f"-c {name}={value}" for name, value in parameters.items()]
    options = database["OPTIONS"]
    options["options"] = " ".join([*said, options.get("options", "")]).strip()


def limit_time():
    """Limit how long callers wait: the servers' own, so that commands are not broken off.

    PgBouncer takes no such parameters: behind it the role has them, see docs/operations.md.
    """
    for database in connections.settings.values():
        if database["ENGINE"] == "django.db.backends.postgresql" and not settings.PGBOUNCER:
            begin(database, **LIMITS)
