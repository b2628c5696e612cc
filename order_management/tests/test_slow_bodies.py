import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from order_management.api import slow_bodies


def test_one_watchdog_is_started_however_many_bodies_arrive_first(monkeypatch):
    """Each watchdog would hang up on as many connections, on waiting ones too."""
    started = []

    @cache
    def start_once():
        time.sleep(0.05)  # while others arrive
        started.append("watchdog")

    monkeypatch.setattr(slow_bodies, "start_once", start_once)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: slow_bodies.start_watchdog(), range(8)))

    assert started == ["watchdog"]
