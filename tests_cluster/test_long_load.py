"""A long load leaks neither memory nor connections, and calls are as fast at its end as at its start."""

import statistics
import time

from .cluster import THREADS, WORKERS
from .load import ORDERS, READS

# Relative to the memory after the first quarter, when a worker has loaded and cached everything once.
GROWTH_MAX = 1.15


def test_a_long_load_leaks_nothing(cluster, load, seconds, figures):
    connections, began = [], time.monotonic()

    def watch_until(share):
        while time.monotonic() < began + share * seconds:
            connections.append(cluster.client_connections())
            time.sleep(0.5)

    with load:
        watch_until(0.25)
        before = cluster.memory()
        watch_until(1)
        after = cluster.memory()

    growth = [after[pid] / before[pid] for pid in before]
    figures.append(
        f"  memory at the end, relative to the first quarter: {', '.join(f'{ratio:.3f}' for ratio in growth)}"
    )
    figures.append(f"  database connections: at most {max(connections)}")
    for kind in (ORDERS, READS):
        first, last = (statistics.median(quarter) for quarter in quarters(load, kind))
        figures.append(
            f"  median time of {kind}, last quarter relative to the first: {last / first:.2f} ({last * 1000:.1f} ms)"
        )
    assert load.failed() == []
    assert len(growth) == len(cluster.nodes) * WORKERS
    assert max(growth) <= GROWTH_MAX
    assert max(connections) <= len(cluster.nodes) * WORKERS * THREADS


def quarters(load, kind):
    """Return the durations of the calls in the first and in the last quarter."""
    seconds = [request.seconds for request in load.requests if request.kind == kind]
    quarter = len(seconds) // 4
    return seconds[:quarter], seconds[-quarter:]
