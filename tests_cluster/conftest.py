"""Tests of two nodes behind nginx on PostgreSQL with a replica: `pytest tests_cluster`, `make cluster-test`."""

import tempfile
from pathlib import Path

import pytest

from tests_live.server import eventually

from .cluster import Cluster
from .history import History
from .load import Load

FIGURES = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--seconds", type=int, default=15, help="how long the long load runs")
    parser.addoption("--replica", action="store_true", help="the nodes read from the replica: DATABASE_REPLICA_URL")


@pytest.fixture
def seconds(request):
    return request.config.getoption("--seconds")


@pytest.fixture(scope="session")
def cluster(request):
    """The whole cluster; each test leaves it as it found it."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with Cluster(folder, read_from_replica=request.config.getoption("--replica")) as cluster:
            yield cluster


@pytest.fixture(autouse=True)
def _nginx_reaches_a_node(cluster):
    """After a test has stopped every node, nginx avoids them for a while: start no test before that is over."""
    eventually(lambda: cluster.call("GET", "/readyz/").status == 200)


@pytest.fixture
def history(cluster):
    """The responses that clients get, compared with the database at the end of the test."""
    history = History(cluster)
    yield history
    history.check()


@pytest.fixture
def figures(request):
    """Lines to print after all tests."""
    return request.config.stash.setdefault(FIGURES, [])


@pytest.fixture
def load(request, cluster, history, figures):
    """Clients for `with load:`; their failures are added to the figures."""
    load = Load(cluster, history)
    yield load
    name = request.node.name.removeprefix("test_").replace("_", " ")
    requests, failed = len(load.requests), len(load.failed())
    share, gap = 100 * failed / requests, load.longest_gap()
    figures.append(
        f"{name}: {requests} requests, {failed} failed ({share:.2f} %), longest gap between orders {gap:.1f} s"
    )


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    cluster = item.funcargs.get("cluster")
    if report.failed and cluster and cluster.folder.exists():  # not after its own teardown
        report.sections += [(f"Node {node.number}", node.output[-3000:]) for node in cluster.nodes]
        report.sections += [("nginx", cluster.nginx.output("error")[-3000:])]
    return report
