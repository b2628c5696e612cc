"""Networks that drop all packets, lose some, or are slow. `hop` names the connection between two machines.

TCP repeats lost packets, so they also arrive late and out of order.
"""

from dataclasses import dataclass

from tests_chaos import firewall

from .fault import Fault

DATABASES = "primary and replica"


class NetworkFault(Fault):
    @property
    def target(self):
        return f"between {self.hop}"

    @property
    def claims(self):
        return {"databases"} if self.hop == DATABASES else {self.hop}


@dataclass
class DropPackets(NetworkFault):
    """Drop this share of all packets, in percent."""

    hop: str
    percent: int
    rules = None

    @property
    def verb(self):
        return "drop all packets" if self.percent == 100 else "drop some packets"

    def is_possible(self, shop):
        return firewall.can_drop_packets()

    def inject(self, shop):
        ports = {port for link in shop.hops[self.hop] for port in link.ports}
        self.rules = firewall.drop(sorted(ports), self.percent)

    def heal(self, shop):
        if self.rules:
            firewall.restore(self.rules)


@dataclass
class DelayPackets(NetworkFault):
    hop: str
    milliseconds: int
    verb = "delay packets"

    def inject(self, shop):
        self.delay(shop, self.milliseconds / 1000)

    def heal(self, shop):
        self.delay(shop, 0)

    def delay(self, shop, seconds):
        for link in shop.hops[self.hop]:
            link.delay = seconds
