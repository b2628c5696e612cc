import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from order_management.api import slow_bodies


def test_only_one_watchdog_is_started_for_concurrent_bodies(monkeypatch):
    """A second watchdog would hang up on twice as many connections, including waiting ones."""
    started = []

    @cache
    def start_once():
        time.sleep(0.05)  # while others arrive
        started.append("watchdog")

    monkeypatch.setattr(slow_bodies, "start_once", start_once)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: slow_bodies.start_watchdog(), range(8)))

    assert started == ["watchdog"]
