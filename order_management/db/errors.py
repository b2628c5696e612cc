from django.db import InterfaceError, InternalError, OperationalError

# Raised while the database is unavailable. InternalError: it ended an idle transaction, or has become read-only.
DATABASE_ERRORS = (OperationalError, InterfaceError, InternalError)


def sqlstate(error):
    """Return PostgreSQL's code for a database error of Django's, or None."""
    return getattr(error.__cause__, "sqlstate", None)
