"""The search finds an order if there is one; compared with trying every order."""

import itertools
import random
from dataclasses import dataclass

import pytest

from tests_chaos.checker.linearizability import ADDITIVE, BLIND, NEVER, OTHER, READ, Operation, linearize


@dataclass(frozen=True)
class Act:
    """An operation on a number that is never negative: it shows the number after adding to it or setting it."""

    kind: str
    amount: int = 0
    shows: int | None = None

    def after(self, state):
        following = self.amount if self.kind == OTHER else state + self.amount
        return (following,) if following >= 0 and self.shows in (None, following) else ()


def read(shows):
    return Act(READ, 0, shows)


def explains(operations, state=0):
    return linearize(operations, state) is None


def test_a_read_shows_what_was_written_before():
    assert explains([Operation(0, 1, Act(BLIND, 5)), Operation(2, 3, read(5))])
    assert not explains([Operation(0, 1, Act(BLIND, 5)), Operation(2, 3, read(0))])


def test_a_read_at_the_same_time_shows_either():
    assert explains([Operation(0, 3, Act(BLIND, 5)), Operation(1, 2, read(0)), Operation(1, 2, read(5))])


def test_reads_one_after_the_other_do_not_go_back():
    assert not explains([Operation(0, 9, Act(BLIND, 5)), Operation(1, 2, read(5)), Operation(3, 4, read(0))])


def test_an_unanswered_operation_takes_effect_at_any_time_or_never():
    unanswered = Act(BLIND, 5)
    assert explains([Operation(0, NEVER, unanswered), Operation(7, 8, read(0))])
    assert explains([Operation(0, NEVER, unanswered), Operation(5, 6, read(0)), Operation(7, 8, read(5))])


def test_an_unanswered_operation_does_not_take_effect_twice_or_early():
    assert not explains([Operation(0, NEVER, Act(BLIND, 5)), Operation(7, 8, read(10))])
    assert not explains([Operation(1, 2, read(5)), Operation(3, NEVER, Act(BLIND, 5))])


def test_what_is_taken_is_there():
    assert explains([Operation(0, 9, Act(BLIND, -3)), Operation(1, 8, Act(BLIND, 3))])
    assert not explains([Operation(0, 1, Act(BLIND, -3)), Operation(2, 3, Act(BLIND, 3))])


def test_a_failure_names_the_operation_the_states_and_what_was_around():
    first, stale = Operation(0, 1, Act(OTHER, 5)), Operation(2, 3, read(0))
    other = Operation(2, 4, Act(ADDITIVE, 1, 6))

    failure = linearize([first, other, stale], 0)

    assert failure.operation is stale
    assert failure.states == [5]
    assert set(failure.around) == {other, stale}
    assert not failure.gave_up


def test_too_many_possibilities_are_given_up():
    operations = [Operation(0, 9, Act(BLIND, 2**number)) for number in range(16)]

    failure = linearize([*operations, Operation(0, 8, read(2**16))], 0, limit=1000)

    assert failure.gave_up


def brute_force(operations, state):
    """Try every order of every choice of unanswered operations."""
    answered = [op for op in operations if op.ended != NEVER]
    others = [op for op in operations if op.ended == NEVER]
    for count in range(len(others) + 1):
        for chosen in itertools.combinations(others, count):
            if any(is_right(order, state) for order in itertools.permutations([*answered, *chosen])):
                return True
    return False


def is_right(order, state):
    latest = 0
    for op in order:
        latest = max(latest, op.began)
        following = op.what.after(state)
        if op.ended < latest or not following:
            return False
        [state] = following
    return True


def random_history(choose):
    """Return six operations that overlap; what they show may be wrong."""
    return [random_operation(choose) for _ in range(6)]


def random_operation(choose):
    began, kind = choose.randint(0, 8), choose.choice([READ, READ, BLIND, BLIND, ADDITIVE, OTHER])
    amount = {READ: 0, OTHER: choose.randint(0, 3)}.get(kind, choose.randint(-2, 2))
    shows = {READ: choose.randint(0, 3), ADDITIVE: choose.randint(0, 3)}.get(kind)
    is_answered = kind == READ or choose.random() < 0.8
    return Operation(began, began + choose.randint(1, 6) if is_answered else NEVER, Act(kind, amount, shows))


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_trying_every_order(seed):
    choose = random.Random(seed)
    outcomes = set()
    for _ in range(100):
        operations = random_history(choose)
        outcome = explains(operations, 1)
        assert outcome == brute_force(operations, 1), operations
        outcomes.add(outcome)
    assert outcomes == {True, False}
