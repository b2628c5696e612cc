import logging
import random
import time
from functools import partial, wraps

from django.db import OperationalError, transaction

from .errors import sqlstate

logger = logging.getLogger(__name__)

TRIES = 3
PAUSE_MAX = 0.1  # seconds
# PostgreSQL breaks off one transaction so that others can go on: a serialization failure, a deadlock.
BROKEN_OFF = {"40001", "40P01"}


def atomic(use_case=None, *, durable=False):
    """Run a use case in one transaction, as Django's `atomic`; again, if the database broke it off for another's sake.

    So whatever it does outside of the database waits for `on_commit`, and what it is given stays as it was.
    """
    if use_case is None:
        return partial(atomic, durable=durable)
    run = transaction.atomic(durable=durable)(use_case)

    @wraps(use_case)
    def tried(*args, **kwargs):
        for _ in range(TRIES - 1):
            try:
                return run(*args, **kwargs)
            except OperationalError as error:
                if not may_try_again(error):
                    raise
            logger.warning("The database broke a transaction off: it is tried again.")
            # Not at the same moment again as the other.
            time.sleep(random.uniform(0, PAUSE_MAX))  # noqa: S311
        return run(*args, **kwargs)

    return tried


def may_try_again(error):
    # Within a transaction of the caller's, that one is broken off as a whole.
    return sqlstate(error) in BROKEN_OFF and not transaction.get_connection().in_atomic_block
