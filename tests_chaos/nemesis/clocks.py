"""Clocks that are wrong, and jump when they are corrected."""

from dataclasses import dataclass

from tests_cluster.test_clocks import LIBRARY, clock
from tests_live.server import ROOT, eventually

from .fault import Task

SLEEP = {"PYTHONPATH": str(ROOT / "tests_chaos/faketime")}


@dataclass
class SetClocks(Task):
    """Restart the nodes with clocks that are ahead by this many seconds, and again with the right time."""

    seconds: tuple
    verb, target = "set", "clocks"

    @property
    def claims(self):
        return {"node 1", "node 2"}

    def is_possible(self, shop):
        return LIBRARY is not None

    def work(self, shop):
        for node, seconds in zip(shop.nodes, self.seconds, strict=True):
            node.restart(**SLEEP, **clock(seconds))
        # Wait until they can be restarted again. Without the database they are not ready, but have started.
        eventually(lambda: all(node.has_started() for node in shop.nodes))

    def heal(self, shop):
        try:
            super().heal(shop)
        finally:
            for node in shop.nodes:
                node.restart(**dict.fromkeys([*SLEEP, *clock(0)]))
