"""Metrics for Prometheus. Only processes that serve requests count: the middleware count_requests calls `start`.

So a command needs no PROMETHEUS_MULTIPROC_DIR, and leaves no files there: prometheus_client creates a worker's files
with the first child of a metric with labels, and every metric here has labels.
"""

import os

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
# Empty counts as not set. prometheus_client reads it when imported, and would use the current directory.
if not os.environ.get(DIRECTORY, "").strip():
    os.environ.pop(DIRECTORY, None)

import prometheus_client  # noqa: E402
from prometheus_client import Counter, Histogram, multiprocess  # noqa: E402

from ..exceptions import Code  # noqa: E402

# Other methods, and requests without a route, count as `other`, so that callers cannot create labels.
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
OTHER = "other"
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

serving = False
event_counters = []


class EventCounter:
    """A counter with one label. The series of `initial` values exist from the start.

    Prometheus sees an increase only in a series that existed before.
    """

    def __init__(self, name, documentation, label, initial=()):
        self.counter, self.initial = Counter(name, documentation, [label]), initial
        event_counters.append(self)

    def start(self):
        for value in self.initial:
            self.counter.labels(value)

    def count(self, value):
        if serving:
            self.counter.labels(value).inc()


# The creation time of each counter would double the number of series.
prometheus_client.disable_created_metrics()
requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
latency = Histogram(
    "http_request_seconds", "Time to the answer, inside the server.", ["method", "route"], buckets=BUCKETS
)
conflicts = EventCounter(
    "conflicts", "Calls that the state refused (409, 422), by kind: OutOfStock and others.", "kind"
)
errors = EventCounter("errors", "Errors returned under /api/, by code.", "code", initial=Code)
security_events = EventCounter(
    "security_events",
    "Security events, under their names in the log.",
    "event",
    initial=[
        *["login_failed", "login_locked", "registration_refused", "order_refused"],
        *["token_reused", "session_ended"],
    ],
)


def start():
    """Start counting in this process, which serves requests."""
    global serving
    serving = True
    for counter in event_counters:
        counter.start()


def exposition():
    """Return the metrics in Prometheus's text format: of this process, or of all workers that share a directory."""
    registry = prometheus_client.REGISTRY
    if DIRECTORY in os.environ:
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return prometheus_client.generate_latest(registry)
