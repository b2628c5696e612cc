"""Is there an order of the operations on one object that explains every answer?

Just-in-time linearization (Lowe, "Testing for linearizability", 2017): walk through the calls and returns in time
order and keep every possible configuration, that is a state and the pending operations that have already taken
effect. When an operation returns, only the configurations in which it has taken effect remain. Three rules keep
their number small; none of them loses a solution:

- An operation that never changes the state takes effect as soon as its answer is right.
- Of pending operations that are equal, the one that returns first takes effect first.
- Blind operations, which add a fixed amount and show nothing of the sum, take effect when they return, or earlier
  if an operation that is not blind comes after them.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

READ, BLIND, ADDITIVE, OTHER = "read", "blind", "additive", "other"
LIMIT = 20_000  # configurations visited for one return
AROUND = 12
CALL, RETURN = 0, 1
NEVER = float("inf")


@dataclass(eq=False)
class Operation:
    """An operation that took effect once between `began` and `ended`, or at most once if `ended` is infinity.

    `what.after(state)` returns the possible next states: none if its answer is impossible in this state. `what.kind`
    is READ if it never changes the state; BLIND or ADDITIVE if it adds an amount and can fail only because the sum
    would be too small (BLIND if its answer does not depend on the sum); otherwise OTHER. Equal operations have equal
    `what`.
    """

    began: float
    ended: float
    what: Any
    record: Any = None
    bit: int = field(default=0, repr=False)


class Failure(NamedTuple):
    """The first operation that no order explains, or for which there are too many orders to try."""

    operation: Operation
    states: list  # that were possible before it returned
    around: list
    gave_up: bool


def linearize(operations, state, limit=LIMIT):
    """Return None if an order explains every answer, and a Failure if not."""
    search = Search(state, limit)
    for _, kind, _, operation in events(operations):
        if kind == CALL:
            search.call(operation)
            continue
        before = search.configurations
        if not search.finish(operation):
            return failure(operation, operations, before, search)
    return None


def events(operations):
    """Return the calls and returns in order of time; at the same moment, calls come first."""
    calls = [(op.began, CALL, number, op) for number, op in enumerate(operations)]
    returns = [(op.ended, RETURN, number, op) for number, op in enumerate(operations) if op.ended != NEVER]
    return sorted(calls + returns, key=lambda event: event[:3])


def failure(operation, operations, before, search):
    overlapping = [op for op in operations if op.began <= operation.ended and op.ended >= operation.began]
    nearest = sorted(overlapping, key=lambda op: (abs(op.ended - operation.ended), op.began))[:AROUND]
    states = sorted({state for state, _ in before}, key=repr)
    return Failure(operation, states, sorted(nearest, key=lambda op: op.began), search.gave_up)


class Search:
    """All configurations that explain the answers so far."""

    def __init__(self, state, limit):
        self.limit = limit
        self.gave_up = False
        self.configurations = {(state, 0)}
        self.pending = {}  # bit: operation
        self.free = []

    def call(self, operation):
        operation.bit = self.free.pop() if self.free else 1 << len(self.pending)
        self.pending[operation.bit] = operation

    def finish(self, operation):
        """Keep the configurations in which it has taken effect; return whether there are any."""
        bit = operation.bit
        ready = {(state, done ^ bit) for state, done in self.configurations if done & bit}
        starts = [(state, done) for state, done in self.configurations if not done & bit]
        if starts:
            ready |= self.expand(starts, operation)
        self.configurations = ready
        del self.pending[bit]
        self.free.append(bit)
        return bool(ready) and not self.gave_up

    def expand(self, starts, target):
        """Return the configurations in which the target has taken effect, after others where that may matter."""
        others = Others(self.pending.values(), target)
        stack = [(state, done, False) for state, done in starts]
        found, seen = set(), set(stack)
        while stack and not self.gave_up:
            for node in self.visit(stack.pop(), target, others, found):
                if node not in seen:
                    seen.add(node)
                    stack.append(node)
            self.gave_up = len(seen) > self.limit
        return found

    @staticmethod
    def visit(node, target, others, found):
        """Add to `found` where the target leads from here, and yield the nodes that follow if another goes first.

        The last part of a node says whether the target was possible before the blind operations that came last. Then
        the same configuration is found by letting the target go before them.
        """
        state, done, was_possible = others.absorb_reads(*node)
        if done & target.bit:
            found.add((state, done ^ target.bit))
            return
        results = target.what.after(state)
        if not was_possible:
            found.update((result, done) for result in results)
        is_possible = target.what.kind in (BLIND, ADDITIVE) and (was_possible or bool(results))
        if not (is_possible and others.are_blind(done)):
            for what, following, kept in others.steps(state, done):
                yield following, kept, is_possible and what.kind == BLIND


class Others:
    """The operations that are pending beside the target: reads, and lists of equal ones, the first to return first."""

    def __init__(self, pending, target):
        self.reads = [op for op in pending if op.what.kind == READ]
        self.classes = {}
        for op in sorted(pending, key=lambda op: op.ended):
            if op.what.kind != READ and op.what != target.what:
                self.classes.setdefault(op.what, []).append(op.bit)

    def absorb_reads(self, state, done, was_possible):
        for read in self.reads:
            if not done & read.bit and read.what.after(state):
                done |= read.bit
                was_possible = False
        return state, done, was_possible

    def are_blind(self, done):
        """Return whether no pending operation shows how others are ordered."""
        if any(not done & read.bit for read in self.reads):
            return False
        return all(what.kind == BLIND or all(done & bit for bit in bits) for what, bits in self.classes.items())

    def steps(self, state, done):
        """Yield what other operation may take effect next, and the configuration it leads to."""
        for what, bits in self.classes.items():
            bit = next((bit for bit in bits if not done & bit), None)
            if bit is not None:
                for following in what.after(state):
                    yield what, following, done | bit
