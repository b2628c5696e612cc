"""Tests of two nodes behind nginx on PostgreSQL with a replica: `pytest tests_cluster`, `make cluster-test`."""

import tempfile
from pathlib import Path

import pytest

from .books import Books
from .cluster import Cluster
from .load import Load

FIGURES = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--seconds", type=int, default=15, help="how long the long load goes on")
    parser.addoption("--replica", action="store_true", help="the nodes read from the replica: DATABASE_REPLICA_URL")


@pytest.fixture
def seconds(request):
    return request.config.getoption("--seconds")


@pytest.fixture(scope="module")
def cluster(request):
    """All of it, new for each module."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with Cluster(folder, read_from_replica=request.config.getoption("--replica")) as cluster:
            yield cluster


@pytest.fixture
def books(cluster):
    """What clients are told; compared with the database when the test has ended."""
    books = Books(cluster)
    yield books
    books.check()


@pytest.fixture
def load(request, cluster, books):
    """Clients for `with load:`; what they have met is printed at the end of all tests."""
    load = Load(cluster, books)
    yield load
    figures = request.config.stash.setdefault(FIGURES, [])
    name = request.node.name.removeprefix("test_").replace("_", " ")
    figures.append((name, len(load.requests), len(load.failed()), load.longest_gap()))


def pytest_terminal_summary(terminalreporter, config):
    for name, requests, failed, gap in config.stash.get(FIGURES, []):
        share = 100 * failed / requests
        terminalreporter.write_line(f"{name}: {requests} requests, {share:.2f} % failed, no order for {gap:.1f} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    cluster = item.funcargs.get("cluster")
    if report.failed and cluster:
        report.sections += [(f"Node {node.number}", node.output[-3000:]) for node in cluster.nodes]
        report.sections += [("nginx", cluster.nginx.output("error")[-3000:])]
    return report
