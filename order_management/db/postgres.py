"""What each connection to PostgreSQL begins with."""

from django.conf import settings
from django.db import connections

CONNECT_TIMEOUT = 2  # seconds, for each of the servers that a URL names
# A machine that is gone says nothing: its kept connections are given up after 3 seconds. Then a new one is tried: with
# two servers in the URL that makes 7 seconds, and nginx looks for another node for 8.
# Of libpq: milliseconds, seconds, seconds, a number.
GONE = {"tcp_user_timeout": 3000, "keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 2}
# What a caller waits for has an end, a 503. Commands of manage.py take the time they need.
LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    # PostgreSQL gives up a node that is gone as the node does it: until then nobody else gets the node's locks.
    "tcp_keepalives_idle": "1s",
    "tcp_keepalives_interval": "1s",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3s",
}


def configure(databases, pgbouncer):
    """Complete Django's DATABASES."""
    for database in databases.values():
        # What the URL says holds.
        database["OPTIONS"] = {"connect_timeout": CONNECT_TIMEOUT, **GONE, **database.get("OPTIONS", {})}
        # Such a cursor outlives its transaction, and PgBouncer then gives the connection to somebody else.
        database["DISABLE_SERVER_SIDE_CURSORS"] = pgbouncer
    if "replica" in databases:
        # The tests read what they have written, and have not committed.
        databases["replica"]["TEST"] = {"MIRROR": "default"}
        if not pgbouncer:
            # Who has written reads it on the replica, too.
            begin(databases["default"], synchronous_commit="remote_apply")


def begin(database, **parameters):
    """Let connections begin with these parameters; what the URL says of them in `options` comes last, and holds."""
    said = [f"-c {name}={value}" for name, value in parameters.items()]
    options = database["OPTIONS"]
    options["options"] = " ".join([*said, options.get("options", "")]).strip()


def limit_time():
    """Limit how long callers wait: in servers alone, so that commands are not broken off.

    PgBouncer takes no such parameters: behind it the role has them, see docs/operations.md.
    """
    for database in connections.settings.values():
        if database["ENGINE"] == "django.db.backends.postgresql" and not settings.PGBOUNCER:
            begin(database, **LIMITS)
