"""Tests against real servers on real connections: `pytest tests_live`.

On PostgreSQL: `DEBUG=on tools/with-postgres pytest tests_live`.
"""

import pytest

from .databases import ON_POSTGRES, Postgres, SQLite
from .server import PRODUCTION, Server

# The files that take longest. They start first, so that no worker is left alone with one of them at the end.
LONGEST = [
    "test_clients.py",
    "test_readme.py",
    "test_browser_day.py",
    "test_accessibility.py",
    "test_browser.py",
    "test_browser_orders.py",
    "test_replica.py",
    "test_migrations.py",
    "test_backup.py",
    "test_feeds.py",
    "test_import_races.py",
    "test_throttle.py",
]


def pytest_addoption(parser):
    parser.addoption("--seconds", type=int, default=10, help="how long the long tests run")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture
def seconds(request):
    return request.config.getoption("--seconds")


@pytest.fixture(scope="session")
def databases(request, tmp_path_factory):
    cache = request.config.cache.mkdir("databases")
    databases = Postgres(cache) if ON_POSTGRES else SQLite(tmp_path_factory.mktemp("databases"), cache)
    yield databases
    databases.drop_all()


@pytest.fixture(scope="session")
def new_server(databases, tmp_path_factory):
    """A function that returns a server of a kind with a new database and optional settings; `with` starts it."""

    def new_server(kind=PRODUCTION, **variables):
        log = tmp_path_factory.mktemp(kind) / "log"
        return Server(kind, database_url=databases.new(), log=log, **variables)

    return new_server


@pytest.fixture(scope="module")
def server(request, new_server):
    """One server for all tests of a module: the production server, unless parametrized."""
    with new_server(getattr(request, "param", PRODUCTION)) as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        report.sections += [
            (f"Output of {' '.join(server.command)}", server.output[-5000:]) for server in Server.running
        ]
    return report
