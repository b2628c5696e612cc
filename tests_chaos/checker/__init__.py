"""Checks the records of clients against the API's documentation; knows neither the project's code nor its database."""

import traceback
from itertools import islice

from .answers import LIMIT, check_answers
from .exactly_once import check_exactly_once
from .feeds import check_feeds
from .final import Calls
from .ledgers import check_ledgers
from .orders import check_orders
from .own_lists import check_own_lists
from .products import check_products
from .reads import check_reads
from .report import check_report
from .sessions import check_sessions

MOST = 20  # sentences of one kind
CHECKS = [
    check_products,
    check_orders,
    check_exactly_once,
    check_ledgers,
    check_feeds,
    check_own_lists,
    check_reads,
    check_report,
    check_sessions,
]


def check(history, limit=LIMIT):
    """Return a sentence for each violation, at most 20 of a kind. `limit` is how many seconds an attempt may take."""
    calls = Calls(history)
    found = [sentence for check_one in CHECKS for sentence in sentences(check_one, calls)]
    return [*sentences(check_answers, calls, limit), *found]


def sentences(check_one, *arguments):
    try:
        yield from islice(check_one(*arguments), MOST)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        yield f"{check_one.__name__} stopped at an answer of an unexpected shape: {error!r} in {where.name}"
