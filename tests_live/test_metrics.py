"""The metrics of two workers, added up whichever worker responds."""

import pytest

from .server import eventually

TOKEN = "a-token-of-prometheus"
LISTED = 'http_requests_total{method="GET",route="api/products/",status="200"}'
PLACED = 'orders_total{outcome="placed"}'


@pytest.fixture(scope="module")
def server(new_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    with new_server(METRICS_TOKEN=TOKEN, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        server.folder = folder
        yield server


def scrape(server):
    page = server.call("GET", "/metrics/", token=TOKEN)
    assert page.status == 200
    lines = [line.rpartition(" ") for line in page.body.splitlines() if not line.startswith("#")]
    return {series: float(number) for series, _, number in lines}


def test_every_scrape_counts_the_calls_of_all_workers(server):
    before = scrape(server).get(LISTED, 0)
    server.customer  # noqa: B018 (logs in)

    server.rounds_at_once([[("GET", "/api/products/", None, server.customer)] * 10] * 20)

    eventually(lambda: len({file.name for file in server.folder.glob("counter_*.db")}) == 2)
    assert [scrape(server)[LISTED] - before for _ in range(8)] == [200] * 8


def test_a_restart_keeps_the_counts(server):
    product = server.create_product()
    items = {"items": [{"product": product["id"], "quantity": 1}]}
    assert server.call("POST", "/api/orders/", items, server.customer).status == 201
    placed = scrape(server)[PLACED]

    server.kill()
    server.start()

    assert placed > 0
    assert scrape(server)[PLACED] == placed
