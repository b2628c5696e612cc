"""The recipe "A new version" of docs/operations.md, under load: from the previous version to this one, and back."""

import subprocess
import tempfile
from pathlib import Path

import pytest

from tests_live.postgres import program
from tests_live.previous import extract
from tests_live.server import PASSWORD, ROOT, manage

from .cluster import Cluster
from .test_failures import recover

ACCOUNT = {"username": "dora", "password": PASSWORD}
AT_ONCE = 0.05  # seconds


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of the previous version."""
    return extract(tmp_path_factory.mktemp("previous"))


@pytest.fixture(scope="module")
def cluster(project):
    """A cluster of the previous version."""
    with tempfile.TemporaryDirectory(prefix="upgrade-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with Cluster(folder, project=project) as cluster:
            yield cluster


def install(cluster, project, *commands):
    """Start each node with another version, one after the other; run the commands before the first starts."""
    for node in cluster.nodes:
        with cluster.drained(node):
            node.stop()
            node.project = project
            if node is cluster.nodes[0]:
                for command in commands:
                    manage(command, DATABASE_URL=cluster.primary.url)
            node.start()


def back_up(cluster, file):
    command = [program("pg_dump"), "--format=custom", f"--file={file}", cluster.primary.url]
    subprocess.run(command, check=True, timeout=60)


def log_in(cluster):
    cluster.call("POST", "/api/accounts/register/", ACCOUNT)
    return cluster.call("POST", "/api/login/", ACCOUNT).body


def refresh(cluster, tokens):
    answer = cluster.call("POST", "/api/login/refresh/", {"refresh": tokens["refresh"]})
    assert answer.status == 200, answer
    return answer.body


def test_an_upgrade_and_the_way_back_lose_no_order_and_no_session(cluster, load, project, tmp_path):
    tokens = log_in(cluster)
    with load:
        recover(load)
        back_up(cluster, tmp_path / "shop.backup")
        install(cluster, ROOT, "migrate")
        cluster.nginx.reload(ROOT)
        recover(load)
        assert cluster.call("GET", "/api/").body["version"]
        tokens = refresh(cluster, tokens)

        cluster.nginx.reload(project)
        install(cluster, project)
        recover(load)
        refresh(cluster, tokens)

    # The clients use their tokens from before the upgrade; after the test, every acknowledged order is compared.
    # nginx closes idle connections when it reloads: a request sent at that very moment breaks off at once.
    assert [request for request in load.failed() if request.status or request.seconds > AT_ONCE] == []
