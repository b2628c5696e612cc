"""Whatever dies, what was acknowledged is there, once; and the clients meet as little of it as can be."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests_live.server import WAIT, eventually

from .books import Books
from .cluster import SYNCHRONOUS
from .link import black_hole, can_drop_packets
from .load import ORDERS, READS

CALM = 2  # seconds of load before and after
FAIL_TIMEOUT = 3  # seconds, after which nginx certainly tries a node again that was away
LOCK = "SELECT FROM products_product WHERE id = %s FOR UPDATE"

drops_packets = pytest.mark.skipif(not can_drop_packets(), reason="nftables is needed, and the right to use it")


def is_back(load):
    """Wait until orders are placed again, and go on for a while."""
    placed = load.placed()
    eventually(lambda: load.placed() > placed + 20)
    time.sleep(CALM)


def test_kill_9_of_a_node(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.nodes[0].kill()
        is_back(load)
        cluster.nodes[0].start()
        is_back(load)

    # What has a key, or changes nothing, nginx has sent to the other node.
    assert load.failed(ORDERS, READS) == []


def test_rolling_restart(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.rolling_restart()
        is_back(load)

    assert load.failed() == []


def test_restart_of_both_nodes_without_draining(cluster, load):
    with load:
        time.sleep(CALM)
        for node in cluster.nodes:
            node.stop()
            node.start()
            time.sleep(FAIL_TIMEOUT)
        is_back(load)

    assert load.failed(ORDERS, READS) == []


def test_restart_of_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.restart()
        is_back(load)


def test_ten_seconds_without_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.stop()
        time.sleep(10)
        cluster.primary.start()
        is_back(load)

    assert load.failed()
    assert {request.status for request in load.failed()} <= {503, None}


def test_a_node_cut_off_from_the_database(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.nodes[0].link.cut()
        is_back(load)
        cluster.nodes[0].link.mend()
        is_back(load)

    assert load.failed(ORDERS, READS) == []


@drops_packets
def test_a_node_whose_packets_to_the_database_vanish(cluster, load):
    node = cluster.nodes[0]
    with load:
        time.sleep(CALM)
        with black_hole(*node.link.ports):
            eventually(lambda: node.call("GET", "/readyz/").status == 503)
            is_back(load)
        eventually(node.is_ready)
        is_back(load)

    # What had to queue behind those that waited took longer than nginx looks for another node.
    assert {request.status for request in load.failed()} <= {503}


@drops_packets
def test_a_node_that_vanishes_in_a_transaction_loses_its_locks(cluster):
    node, product = cluster.nodes[0], Books(cluster).create("Bat", 1)
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
        is_back(load)


def test_three_seconds_without_the_replica_until_nobody_waits_for_it(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.replica.stop()
        time.sleep(3)
        cluster.primary.configure(synchronous_standby_names="")
        is_back(load)
        cluster.replica.start()
        cluster.primary.configure(**SYNCHRONOUS)
        is_back(load)

    assert load.failed() == []


def test_failover_that_the_nodes_are_told_of(cluster, load):
    with load:
        time.sleep(CALM)
        cluster.primary.kill()
        cluster.fail_over()
        is_back(load)
        cluster.add_replica()
        is_back(load)


def test_failover_that_the_nodes_find_by_themselves(cluster, load):
    cluster.rolling_restart(cluster.replica)
    with load:
        time.sleep(CALM)
        cluster.primary.kill()
        cluster.promote()
        is_back(load)
        cluster.add_replica()
        cluster.rolling_restart()
        is_back(load)


@drops_packets
def test_failover_from_a_machine_that_vanished(cluster, load):
    cluster.rolling_restart(cluster.replica)
    lost = cluster.primary
    with load:
        time.sleep(CALM)
        with black_hole(lost.port, *(node.link.port for node in cluster.nodes)):
            cluster.promote()
            is_back(load)
            # If it came back as it is, there would be two primaries.
            lost.kill()
        cluster.add_replica()
        cluster.rolling_restart()
        is_back(load)
