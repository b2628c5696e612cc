"""Whatever fails, acknowledged orders exist exactly once, and clients notice as little as possible."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests_live.server import WAIT, eventually

from .cluster import SYNCHRONOUS
from .history import History
from .link import black_hole, can_drop_packets
from .load import ORDERS, READS

CALM = 2  # seconds of load before and after
FAIL_TIMEOUT = 3  # seconds, after which nginx is certain to try an unavailable node again
LOCK = "SELECT FROM products_product WHERE id = %s FOR UPDATE"

drops_packets = pytest.mark.skipif(not can_drop_packets(), reason="needs nftables and the permission to use it")


def recover(load):
    """Wait until orders are placed again, and continue for a while."""
    placed = load.placed()
    eventually(lambda: load.placed() > placed + 20)
    time.sleep(CALM)


def test_kill_9_of_a_node(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.nodes[0].kill()
        recover(load)
        cluster.nodes[0].start()
        recover(load)

    # nginx has resent requests that have a key or change nothing to the other node.
    assert load.failed(ORDERS, READS) == []


def test_rolling_restart(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.rolling_restart()
        recover(load)

    assert load.failed() == []


def test_restart_of_both_nodes_without_draining(cluster, load):
    with load:
        time.sleep(CALM)
        for node in cluster.nodes:
            node.stop()
            node.start()
            time.sleep(FAIL_TIMEOUT)
        recover(load)

    assert load.failed(ORDERS, READS) == []


def test_restart_of_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.restart()
        recover(load)


def test_ten_seconds_without_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.stop()
        time.sleep(10)
        cluster.primary.start()
        recover(load)

    assert load.failed()
    assert {request.status for request in load.failed()} <= {503, None}


def test_a_node_cut_off_from_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.nodes[0].link.cut()
        recover(load)
        cluster.nodes[0].link.restore()
        recover(load)

    assert load.failed(ORDERS, READS) == []


@drops_packets
def test_a_node_whose_packets_to_the_database_vanish(cluster, load):
    node = cluster.nodes[0]
    with load:
        time.sleep(CALM)
        with black_hole(*node.link.ports):
            eventually(lambda: node.call("GET", "/readyz/").status == 503)
            recover(load)
        eventually(node.is_ready)
        recover(load)

    # Requests queued behind the waiting ones took longer than the time in which nginx tries another node.
    assert {request.status for request in load.failed()} <= {503}


@drops_packets
def test_a_node_that_vanishes_in_a_transaction_loses_its_locks(cluster):
    node, product = cluster.nodes[0], History(cluster).create("Bat", 1)
    change = "PUT", f"/api/products/{product}/", {"quantity": 5}, cluster.admin
    with psycopg.connect(cluster.primary.url) as holder, ThreadPoolExecutor() as threads:
        holder.execute(LOCK, [product])
        changed = threads.submit(node.call, *change)
        eventually(lambda: cluster.primary.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
        with black_hole(*node.link.ports):
            holder.rollback()
            eventually(
                lambda: cluster.primary.query("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'")
            )
            holder.execute(f"SET lock_timeout = '{WAIT}s'")
            holder.execute(LOCK, [product])
            assert changed.result().status == 503
    eventually(node.is_ready)


def test_restart_of_the_replica(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.replica.restart()
        recover(load)


def test_three_seconds_without_the_replica_until_commits_no_longer_wait_for_it(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.replica.stop()
        time.sleep(3)
        cluster.primary.configure(synchronous_standby_names="")
        recover(load)
        cluster.replica.start()
        cluster.primary.configure(**SYNCHRONOUS)
        recover(load)

    assert load.failed() == []


def test_a_retry_is_not_answered_before_the_replica_has_the_change(cluster):
    # The first statement after a crash that takes a number from a sequence makes its commit wait, too.
    products = [History(cluster).create("Bat", 10) for _ in range(3)]
    lines = [[{"product": product, "quantity": 1}] for product in products]
    keys = [{"Idempotency-Key": f"interrupted-{product}"} for product in products]
    orders = [
        ("POST", "/api/orders/", {"items": items}, cluster.admin, key) for items, key in zip(lines, keys, strict=True)
    ]
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with ThreadPoolExecutor() as threads:
        cluster.replica.stop()
        tries = [threads.submit(cluster.nodes[0].call, *order) for order in orders]
        eventually(lambda: len(cluster.primary.query(waiting)) == len(orders))
        os.kill(cluster.primary.query(waiting)[0][0], signal.SIGKILL)  # PostgreSQL crashes and recovers
        assert {answer.result().status for answer in tries} == {503}
        eventually(cluster.nodes[1].is_ready)
        retries = [threads.submit(cluster.nodes[1].call, *order) for order in orders]
        time.sleep(CALM)
        assert not any(answer.done() for answer in retries)
        cluster.replica.start()
        assert {answer.result().status for answer in retries} == {201}
        assert {answer.result().headers["Idempotent-Replayed"] for answer in retries} == {"true"}


def test_failover_with_reconfigured_nodes(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.kill()
        cluster.fail_over()
        recover(load)
        cluster.add_replica()
        recover(load)


def test_failover_that_the_nodes_detect_themselves(cluster, load):
    cluster.rolling_restart(cluster.replica)
    with load:
        time.sleep(CALM)
        cluster.primary.kill()
        cluster.promote()
        recover(load)
        cluster.add_replica()
        cluster.rolling_restart()
        recover(load)


@drops_packets
def test_failover_from_a_machine_that_vanished(cluster, load):
    cluster.rolling_restart(cluster.replica)
    lost = cluster.primary
    with load:
        time.sleep(CALM)
        with black_hole(lost.port, *(node.link.port for node in cluster.nodes)):
            cluster.promote()
            recover(load)
            # If it came back unchanged, there would be two primaries.
            lost.kill()
        cluster.add_replica()
        cluster.rolling_restart()
        recover(load)
