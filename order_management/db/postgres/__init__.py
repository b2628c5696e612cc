"""Options of connections to PostgreSQL."""

from django.conf import settings
from django.db import connections

CONNECT_TIMEOUT = 2  # seconds, for each server in the URL
# A machine that has failed sends nothing: kept connections to it are given up after 3 seconds, and a new one is tried.
# With two servers in the URL this takes 7 seconds; nginx looks for another node for 8 seconds.
# libpq's units: milliseconds, seconds, seconds, a number.
KEEPALIVES = {"tcp_user_timeout": 3000, "keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 2}
# A caller gets a 503 instead of waiting longer. Commands of manage.py have no limits.
TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    # PostgreSQL gives up a node that has failed just as fast: until then it keeps the node's locks.
    "tcp_keepalives_idle": "1s",
    "tcp_keepalives_interval": "1s",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3s",
}


def configure(databases, pgbouncer):
    """Add the options of PostgreSQL to Django's DATABASES."""
    for database in databases.values():
        # Django's backend with fewer checks of kept connections: see base.py.
        database["ENGINE"] = "order_management.db.postgres"
        # The URL takes precedence.
        database["OPTIONS"] = {"connect_timeout": CONNECT_TIMEOUT, **KEEPALIVES, **database.get("OPTIONS", {})}
        # A server-side cursor outlives its transaction, and PgBouncer then gives the connection to another client.
        database["DISABLE_SERVER_SIDE_CURSORS"] = pgbouncer
    if "replica" in databases:
        # Tests read what they have written but not committed.
        databases["replica"]["TEST"] = {"MIRROR": "default"}
        if not pgbouncer:
            # So that a caller's next read from the replica sees their last write.
            set_parameters(databases["default"], synchronous_commit="remote_apply")


def set_parameters(database, **parameters):
    """Set server parameters for all connections; those in the URL's `options` come last and take precedence."""
    flags = [f"-c {name}={value}" for name, value in parameters.items()]
    options = database["OPTIONS"]
    options["options"] = " ".join([*flags, options.get("options", "")]).strip()


def set_timeouts():
    """Limit how long callers wait. Only servers call this, so that commands are not aborted.

    PgBouncer does not support such parameters; there, set them on the role: see docs/operations.md.
    """
    for database in connections.settings.values():
        if database["ENGINE"] == "order_management.db.postgres" and not settings.PGBOUNCER:
            set_parameters(database, **TIMEOUTS)
