"""Statements that take long, in the log: their SQL without the values, which may be personal."""

import logging
from contextlib import ExitStack
from time import perf_counter

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import connections

logger = logging.getLogger("slow_queries")


def log_slow_queries(get_response):
    """Watch the statements of each request; with no SLOW_QUERY_MS nobody stands in their way."""
    if not settings.SLOW_QUERY_MS:
        raise MiddlewareNotUsed

    def middleware(request):
        with ExitStack() as watched:
            for connection in connections.all():
                watched.enter_context(connection.execute_wrapper(watch))
            return get_response(request)

    return middleware


def watch(execute, sql, parameters, many, context):
    began = perf_counter()
    try:
        return execute(sql, parameters, many, context)
    finally:
        # Also of one that failed: it may have been for its time.
        milliseconds = (perf_counter() - began) * 1000
        if milliseconds >= settings.SLOW_QUERY_MS:
            logger.warning("%s", sql, extra={"fields": {"ms": round(milliseconds, 1)}})
