"""The schedule of the nemesis."""

from itertools import combinations, islice

import pytest

from tests_chaos.nemesis.schedule import Schedule

pytestmark = pytest.mark.parametrize(
    ("database", "pgbouncer"), [("sqlite", False), ("postgres", False), ("postgres", True)]
)


def rounds(number, database, pgbouncer, seed=1):
    return list(islice(Schedule(seed, database, pgbouncer), number))


def kinds(rounds):
    return {fault.kind for round_ in rounds for _, fault in round_.faults}


def seconds(rounds):
    return sum(round_.calm + round_.hold + sum(pause for pause, _ in round_.faults) for round_ in rounds)


def test_it_depends_on_the_seed_only(database, pgbouncer):
    first, again, other = (rounds(50, database, pgbouncer, seed) for seed in (1, 1, 2))

    assert repr(first) == repr(again)
    assert repr(first) != repr(other)


def test_the_first_minute_has_eight_kinds_and_the_first_quarter_of_an_hour_has_all(database, pgbouncer):
    first, quarter = rounds(7, database, pgbouncer), rounds(100, database, pgbouncer)

    assert len(kinds(first)) >= 8
    assert seconds(quarter) < 900
    assert kinds(quarter) == kinds(rounds(300, database, pgbouncer))


def test_an_hour_has_a_hundred_kills(database, pgbouncer):
    # Healing takes longer than breaking.
    half_an_hour = rounds(200, database, pgbouncer)
    kills = sum(fault.is_kill for round_ in half_an_hour for _, fault in round_.faults)

    assert seconds(half_an_hour) < 1800
    assert kills >= 100


def test_faults_of_a_round_claim_different_things(database, pgbouncer):
    for round_ in rounds(300, database, pgbouncer):
        faults = [fault for _, fault in round_.faults]
        assert 1 <= len(faults) <= 3
        assert not any(one.claims & other.claims for one, other in combinations(faults, 2))
