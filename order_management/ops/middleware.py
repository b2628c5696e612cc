"""What operators see of every request: its line in the log, its metrics and slow queries. Also the health checks."""

import logging
from contextlib import ExitStack
from functools import cache
from time import perf_counter

from django.conf import settings
from django.core.exceptions import BadRequest, MiddlewareNotUsed
from django.db import connections

from .. import env
from ..client_address import client_address
from . import health, metrics
from .logging import level_of, request_context, request_fields

requests = logging.getLogger("requests")
slow_queries = logging.getLogger("slow_queries")


def log_request(get_response):
    """Log a line for each request (in production), with an id from the caller or a new one: `X-Request-ID`."""

    def middleware(request):
        started_at = perf_counter()
        if "HTTP_X_FORWARDED_FOR" in request.META and not settings.TRUSTED_PROXIES:
            warn_about_proxy()
        with request_context(request.META.get("HTTP_X_REQUEST_ID", "")) as request_id:
            response = get_response(request)
            response.headers["X-Request-ID"] = request_id
            milliseconds = round((perf_counter() - started_at) * 1000, 1)
            level = level_of(request, response)
            if requests.isEnabledFor(level):
                fields = request_fields(request, response) | address_field(request) | {"ms": milliseconds}
                # Not log(), which would look up the line that called it.
                extra = {"fields": fields}
                requests.handle(requests.makeRecord("requests", level, __file__, 0, "request", (), None, extra=extra))
        return response

    return middleware


def address_field(request):
    """Return the caller's address for the log, if configured; it is None if the proxy has sent an unreadable one."""
    if not settings.LOG_ADDRESSES:
        return {}
    try:
        return {"address": client_address(request)}
    except BadRequest:
        return {"address": None}


@cache
def warn_about_proxy():
    logging.getLogger(__name__).warning(
        "A call came with X-Forwarded-For, but TRUSTED_PROXIES is 0. Behind a proxy, all callers then share its "
        "address and are locked out together; with HTTPS on, all of them are redirected or refused. Set "
        "TRUSTED_PROXIES to the number of proxies."
    )


def count_requests(get_response):
    """Count each request and its duration, by its route in urls.py; without a METRICS_TOKEN do nothing."""
    env.check_shared_directory(metrics.DIRECTORY, required=settings.METRICS_TOKEN)
    if not settings.METRICS_TOKEN:
        raise MiddlewareNotUsed
    metrics.start()

    def middleware(request):
        started_at = perf_counter()
        response = get_response(request)
        method = request.method if request.method in metrics.METHODS else metrics.OTHER
        route = getattr(request.resolver_match, "route", None) or metrics.OTHER
        metrics.requests.labels(method, route, response.status_code).inc()
        metrics.latency.labels(method, route).observe(perf_counter() - started_at)
        return response

    return middleware


def log_slow_queries(get_response):
    """Log the slow statements of each request; without SLOW_QUERY_MS do nothing."""
    if not settings.SLOW_QUERY_MS:
        raise MiddlewareNotUsed

    def middleware(request):
        with ExitStack() as wrappers:
            for connection in connections.all():
                wrappers.enter_context(connection.execute_wrapper(log_slow_query))
            return get_response(request)

    return middleware


def log_slow_query(execute, sql, parameters, many, context):
    started_at = perf_counter()
    try:
        return execute(sql, parameters, many, context)
    finally:
        # Also if it failed: it may have exceeded its time limit.
        milliseconds = (perf_counter() - started_at) * 1000
        if milliseconds >= settings.SLOW_QUERY_MS:
            slow_queries.warning("%s", sql, extra={"fields": {"ms": round(milliseconds, 1)}})


def health_checks(get_response):
    """Respond to health checks and metrics under any Host: load balancers and Prometheus connect by address."""
    checks = {"/healthz/": health.healthz, "/readyz/": health.readyz, "/metrics/": health.metrics}

    def middleware(request):
        return checks.get(request.path_info, get_response)(request)

    return middleware
