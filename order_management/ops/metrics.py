"""What Prometheus is told: the requests by route, and what became of orders, refusals and security events.

Every metric has labels, so that a file of a worker is not made before there is something to count.
"""

import os

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Empty counts as not set; prometheus_client looks when it is imported, and would take it for the current folder.
if not os.environ.get(FOLDER, "").strip():
    os.environ.pop(FOLDER, None)

import prometheus_client  # noqa: E402
from prometheus_client import Counter, Histogram, multiprocess  # noqa: E402

# What else is sent as a method, or to no route, counts as `other`: callers must not make up labels.
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
OTHER = "other"
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# When each counter was made: as many series again, for nobody.
prometheus_client.disable_created_metrics()
requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
latency = Histogram(
    "http_request_seconds", "Time to the answer, inside the server.", ["method", "route"], buckets=BUCKETS
)
orders = Counter("orders", "Orders acknowledged: placed now, or replayed from an Idempotency-Key.", ["outcome"])
conflicts = Counter("conflicts", "Calls that the state refused (409, 422), by kind: OutOfStock and others.", ["kind"])
security_events = Counter("security_events", "Security events, under their names in the log.", ["event"])


def exposition():
    """Return all numbers as Prometheus reads them: of this process, or of all workers that share a folder."""
    registry = prometheus_client.REGISTRY
    if FOLDER in os.environ:
        registry = prometheus_client.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return prometheus_client.generate_latest(registry)
