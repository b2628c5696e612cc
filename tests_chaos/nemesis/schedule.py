"""What is broken, and when: everything follows from a seed."""

import random
from typing import NamedTuple

from tests_chaos.shops import POSTGRES

from .clocks import SetClocks
from .databases import HoldTransactionId, HoldWriteLock, LockProduct, Promote
from .disks import FillDisk
from .maintenance import Backup, Housekeeping, Import, Migrate
from .network import DelayPackets, DropPackets
from .processes import Kill, Restart, SignalBackend, SignalWorker, Stop

CALM, HOLD, PAUSE = (1, 4), (1, 8), (0, 2)  # seconds: at least, at most
KILLS = 3  # how often every kind of kill is in a deck
HOT_PRODUCTS = 10
DECKS_PER_IMPORT = 3  # otherwise a long run would end with more imported products than anybody can read
NODES = 1, 2
SKEWS = (0, 8), (8, 0), (-4, 4), (4, -4)


class Round(NamedTuple):
    calm: float  # seconds before it
    faults: list  # each with the seconds before it
    hold: float  # seconds after the last one, until all are healed


class Schedule:
    """An endless sequence of rounds of faults that go together.

    They are dealt from a deck that has every kind, so that each comes up soon. Faults of one round claim different
    things. Two topology faults of the databases at once, such as a promotion while the replica is cut off, may lose
    acknowledged writes without anything being wrong. An import, a schema change or an
    open transaction could keep another of these waiting until that one gives up.
    """

    def __init__(self, seed, database, pgbouncer=False):
        self.random, self.deck, self.decks = random.Random(seed), [], 0
        self.database, self.pgbouncer = database, pgbouncer

    def __iter__(self):
        while True:
            faults = self.deal(self.random.choice((1, 2, 2, 3)))
            # Whatever takes long starts first, and so is healed last.
            faults.sort(key=lambda fault: not fault.heals_last)
            calm, hold = self.random.uniform(*CALM), self.random.uniform(*HOLD)
            pauses = [0, *(self.random.uniform(*PAUSE) for _ in faults[1:])]
            yield Round(calm, list(zip(pauses, faults, strict=True)), hold)

    def deal(self, count):
        """Draw `count` faults that go together; put back those that do not on top of the deck."""
        chosen, left = [], []
        while len(chosen) < count:
            fault = self.draw()
            clashes = any(fault.claims & other.claims for other in chosen)
            (left if clashes else chosen).append(fault)
        self.deck += reversed(left)
        return chosen

    def draw(self):
        if not self.deck:
            self.deck = self.new_deck()
            self.random.shuffle(self.deck)
        return self.deck.pop()

    def new_deck(self):
        self.decks += 1
        deck = on_postgres if self.database == POSTGRES else on_sqlite
        kills = [fault for _ in range(KILLS) for fault in self.kills()]
        return [*kills, *deck(self.random, self.pgbouncer), *maintenance(self.decks)]

    def kills(self):
        servers, others = ["node 1"], []
        if self.database == POSTGRES:
            servers += ["node 2", "nginx", "primary", "replica", *["pgbouncer"] * self.pgbouncer]
            others = [SignalBackend("SIGKILL", self.random.randrange(100)), Promote(self.random.uniform(0, 3))]
        node = self.random.choice(NODES) if self.database == POSTGRES else 1
        return [*map(Kill, servers), SignalWorker("SIGKILL", node, self.random.randrange(2)), *others]


def on_postgres(random, pgbouncer):
    """Return the faults other than kills."""
    servers = ["node 1", "node 2", "nginx", "primary", "replica", *["pgbouncer"] * pgbouncer]
    one, two, three, four = (random.choice(NODES) for _ in range(4))
    hops = ["client and nginx", f"nginx and node {one}", f"node {two} and database", "primary and replica"]
    return [
        *map(Stop, servers),
        *map(Restart, servers),
        SignalWorker("SIGSTOP", three, random.randrange(2)),
        SignalBackend("SIGSTOP", random.randrange(100)),
        *network(random, hops),
        SetClocks(random.choice(SKEWS)),
        *map(FillDisk, ["primary", "replica", f"node {four}"]),
        LockProduct(random.randrange(HOT_PRODUCTS)),
        HoldTransactionId(),
    ]


def on_sqlite(random, _):
    """Return the faults other than kills."""
    return [
        Stop("node 1"),
        Restart("node 1"),
        SignalWorker("SIGSTOP", 1, random.randrange(2)),
        *network(random, ["client and server"]),
        SetClocks((random.choice((-8, 8)),)),
        *map(FillDisk, ["database", "node 1"]),
        HoldWriteLock(),
    ]


def network(random, hops):
    for hop in hops:
        yield DropPackets(hop, 100)
        yield DropPackets(hop, random.randint(5, 40))
        # A request takes some twenty round trips to the database.
        yield DelayPackets(hop, random.randint(2, 20) if hop.endswith("database") else random.randint(20, 300))


def maintenance(number):
    """Return what operators do in the deck of this number, the first of which is 1."""
    imports = [Import(number)] if number % DECKS_PER_IMPORT == 1 else []
    return [Housekeeping(), Backup(), Migrate(), *imports]
