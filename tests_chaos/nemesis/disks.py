"""Disks that are full."""

from dataclasses import dataclass

from .fault import Fault


@dataclass
class FillDisk(Fault):
    """Fill the disk of a database, or of the log of a node. A server that ends is started when there is room again."""

    disk: str
    verb = "fill disk of"

    @property
    def target(self):
        return self.disk

    @property
    def claims(self):
        return {f"log of {self.disk}"} if self.disk.startswith("node") else {"databases"}

    def is_possible(self, shop):
        return shop.disks[self.disk] is not None

    def inject(self, shop):
        shop.disks[self.disk].fill()

    def heal(self, shop):
        shop.disks[self.disk].free()
        if self.disk in shop.servers:
            shop.servers[self.disk].revive()
