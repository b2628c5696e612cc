"""SQLite set up for a shop: durable, with readers beside a writer, and writers that wait instead of failing."""


def configure(database):
    """Add the options of SQLite to an entry of Django's DATABASES."""
    # Django's backend with a shorter wait between attempts to write: see base.py.
    database["ENGINE"] = "order_management.db.sqlite"
    # Django's default for its own backend. pytest-django, with pytest-xdist, knows only that backend.
    database["TEST"] = {"NAME": ":memory:"}
    database["OPTIONS"] = {
        # Transactions take the write lock when they begin. With Django's default, one that reads before it writes fails
        # at once with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Readers continue during a write; a committed transaction survives a power failure.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
