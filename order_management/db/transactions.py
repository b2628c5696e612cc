import logging
import random
import time
from functools import partial, wraps

from django.db import OperationalError, transaction

from .errors import sqlstate

logger = logging.getLogger(__name__)

ATTEMPTS = 3
PAUSE_MAX = 0.1  # seconds
# PostgreSQL aborts one transaction so that others can proceed: serialization_failure, deadlock_detected.
ABORTED = {"40001", "40P01"}


class Outdated(OperationalError):
    """What a use case read before it locked the rows has changed since. Its transaction is run again."""


def atomic(use_case=None, *, durable=False):
    """Run a use case in a transaction, and again if the database aborted it so that others could proceed.

    A use case that locks rows and finds that they have changed since it read them raises Outdated to be run again.

    Anything it does outside the database must wait for `on_commit`, and it must not change its arguments. Inside
    another transaction it joins that one, without a savepoint: only the outermost use case is run again. Code that
    catches an error of a joined use case and continues needs a savepoint of its own: `with transaction.atomic():`.
    """
    if use_case is None:
        return partial(atomic, durable=durable)
    outermost = transaction.atomic(durable=durable)(use_case)
    joined = transaction.atomic(savepoint=False)(use_case)

    @wraps(use_case)
    def run(*args, **kwargs):
        if in_transaction() and not durable:
            return joined(*args, **kwargs)
        for _ in range(ATTEMPTS - 1):
            try:
                return outermost(*args, **kwargs)
            except OperationalError as error:
                if not may_run_again(error):
                    raise
                reason = error if isinstance(error, Outdated) else "The database aborted a transaction."
                logger.warning("%s The transaction is run again.", reason)
            # Not at the same moment as the other one.
            time.sleep(random.uniform(0, PAUSE_MAX))  # noqa: S311
        return outermost(*args, **kwargs)

    return run


def in_transaction():
    """Return whether a transaction is open, not counting the one that Django's TestCase puts around a test."""
    blocks = transaction.get_connection().atomic_blocks
    return bool(blocks) and not blocks[-1]._from_testcase


def may_run_again(error):
    # A transaction of Django's own around this one would have to be run again as a whole.
    aborted = isinstance(error, Outdated) or sqlstate(error) in ABORTED
    return aborted and not transaction.get_connection().in_atomic_block
