"""SQLite as a shop needs it: durable, readers beside a writer, and nobody fails because another one writes."""


def configure(database):
    """Complete what Django's DATABASES say of a database."""
    # Django's own backend, but whoever waits for another's write looks again soon: see base.py.
    database["ENGINE"] = "order_management.db.sqlite"
    database["OPTIONS"] = {
        # A write takes its lock when it begins; one that reads first would else fail at once, "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Readers go on during a write; what was acknowledged survives a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
