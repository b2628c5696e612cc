"""A real Prometheus reads the metrics, answers every query of the dashboard, and evaluates every alert."""

import contextlib
import json
import re
import shutil
import subprocess
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from order_management.tests.promql import ALERTS, ALERTS_FILE, QUERIES, replaced

from .databases import ON_POSTGRES
from .server import ROOT, WAIT, eventually, free_port

pytestmark = [
    pytest.mark.skipif(ON_POSTGRES, reason="the metrics are the same"),
    pytest.mark.skipif(not shutil.which("prometheus"), reason="apt-get install prometheus"),
]
TOKEN = "a-token-of-prometheus"
# Nothing failed here, and nothing was there a week ago.
EMPTY = ['status=~"5.."', "offset 1w"]


class Prometheus:
    def __init__(self, folder, jobs):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config | {"rule_files": [str(ALERTS_FILE)]}))
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        options += [f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=error"]
        self.command = ["prometheus", *options]

    @contextlib.contextmanager
    def running(self):
        process = subprocess.Popen(self.command)
        try:
            eventually(self.is_ready)
            yield self
        finally:
            process.terminate()
            process.wait(timeout=WAIT)

    def is_ready(self):
        with contextlib.suppress(OSError), urlopen(f"{self.url}/-/ready", timeout=WAIT):
            return True
        return False

    def get(self, path, **parameters):
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=WAIT) as answer:
            return json.load(answer)["data"]

    def answers(self, query):
        return self.get("query", query=replaced(query))["result"]


@pytest.fixture(scope="module")
def server(new_server, tmp_path_factory):
    variables = {"METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path_factory.mktemp("metrics"))}
    metrics_port = str(free_port())
    granian = {"GRANIAN_METRICS_ENABLED": "true", "GRANIAN_METRICS_PORT": metrics_port}
    # With the limits on, because failed logins are counted for them.
    with new_server(**variables, **granian, THROTTLE_ENABLED="on") as server:
        server.metrics_port = metrics_port
        yield server


@pytest.fixture(scope="module")
def prometheus(server, tmp_path_factory):
    """Prometheus as the operations page configures it."""
    folder = tmp_path_factory.mktemp("prometheus")
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [config] = re.findall(r"^```yaml\n(scrape_configs:.*?)^```", page, re.DOTALL | re.MULTILINE)
    [job] = yaml.safe_load(config)["scrape_configs"]
    (folder / "token").write_text(TOKEN)
    job |= {"authorization": {"credentials_file": str(folder / "token")}}
    job |= {"static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}
    granian = {"job_name": "granian", "static_configs": [{"targets": [f"127.0.0.1:{server.metrics_port}"]}]}
    with Prometheus(folder, [job, granian]).running() as prometheus:
        yield prometheus


def call_everything(server):
    """Place an order and replay it, use its key again, order too much, and fail to log in."""
    product = server.create_product()["id"]
    for quantity, key in ((1, f"a{product}"), (1, f"a{product}"), (2, f"a{product}"), (99, f"b{product}")):
        body = {"items": [{"product": product, "quantity": quantity}]}
        server.call("POST", "/api/orders/", body, server.customer, headers={"Idempotency-Key": key})
    server.call("POST", "/api/login/", {"username": "carl", "password": "wrong"})


def test_every_query_of_the_dashboard_and_the_alerts_has_an_answer(server, prometheus):
    call_everything(server)
    eventually(lambda: prometheus.answers("refused_idempotency_keys_total"))
    call_everything(server)
    queries = [query for query in QUERIES[: -len(ALERTS)] if not any(each in query for each in EMPTY)]

    assert len(queries) > 20
    eventually(lambda: all(map(prometheus.answers, queries)))
    for query in set(QUERIES) - set(queries):
        prometheus.answers(query)  # an error raises


def test_every_alert_is_evaluated(prometheus):
    def rules():
        return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]

    eventually(lambda: rules() and all(rule["health"] != "unknown" for rule in rules()))
    assert {rule["name"]: rule["health"] for rule in rules()} == dict.fromkeys(ALERTS, "ok")


def test_each_alert_fires_when_it_should(tmp_path):
    for file in (ALERTS_FILE, ROOT / "tests_live/alerts_test.yml"):
        shutil.copy(file, tmp_path)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True, timeout=WAIT)
        assert done.returncode == 0, done.stdout + done.stderr
