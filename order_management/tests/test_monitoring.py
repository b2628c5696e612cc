"""Every metric, label and value that the dashboard and the alerts name exists; tests_live/ asks Prometheus."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from order_management.exceptions import Code
from order_management.ops.metrics import METHODS, OTHER, event_counters

from .promql import ALERTS, DASHBOARD, PANELS, QUERIES, ROOT, grouped, matched, metrics
from .routes import all_routes

TOKEN = "a-token-of-prometheus"
# Of Prometheus itself, and of granian, which tests_live/ asks.
OTHERS = re.compile(r"up|granian_\w+")
FROM_PROMETHEUS = {"job", "instance"}


@pytest.fixture
def samples(api, customer, bat, settings):
    """The samples of `/metrics/`, after calls that count in each metric."""
    settings.METRICS_TOKEN = TOKEN
    for quantity, key in ((1, "a"), (1, "a"), (2, "a"), (99, "b")):
        body = {"items": [{"product": bat.pk, "quantity": quantity}]}
        api(customer).post("/api/orders/", body, headers={"Idempotency-Key": key})
    page = APIClient().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    return [sample for family in text_string_to_metric_families(page) for sample in family.samples]


def names_of(query):
    return {name for name in metrics(query) if not OTHERS.fullmatch(name)}


def test_every_metric_exists(samples):
    named = set().union(*map(names_of, QUERIES))

    assert len(named) > 7
    assert named - {sample.name for sample in samples} == set()


@pytest.mark.parametrize("query", QUERIES)
def test_every_label_is_one_of_the_metrics(samples, query):
    labels = [sample.labels.keys() for sample in samples if sample.name in metrics(query)]
    named = grouped(query) | {label for label, _ in matched(query)}

    assert named - FROM_PROMETHEUS <= set().union(*labels)


def test_every_value_of_a_label_exists(samples):
    values = {
        "code": {str(code) for code in Code},
        "job": {"order-management"},
        "method": METHODS,
        "route": {OTHER, *all_routes()},
        "status": {"500", "503"},
    }
    for label in ("event", "outcome"):
        values[label] = {sample.labels[label] for sample in samples if label in sample.labels}
    for query in QUERIES:
        for label, value in matched(query):
            assert any(re.fullmatch(value, known) for known in values[label]), (query, label, value)


def test_no_alert_misses_the_first_event():
    """Prometheus sees an increase only in a series that existed before."""
    initial = {f"{each.counter._name}_total": set(each.initial) for each in event_counters}
    queries = [rule["expr"] for rule in ALERTS.values() if rule["expr"].endswith("> 0")]

    assert len(queries) == 3
    for query in queries:
        [metric], values = metrics(query), {value for _, value in matched(query)}
        assert values, query
        assert values <= initial[metric]


def test_every_query_of_the_dashboard_goes_to_the_chosen_data_source():
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}

    assert variables == {"datasource", "job", "instance"}
    for panel in PANELS:
        sources = [panel["datasource"], *[target["datasource"] for target in panel["targets"]]]
        assert {source["uid"] for source in sources} == {"${datasource}"}


def test_no_panel_covers_another():
    squares = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(squares) == len(set(squares))
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_alert_says_what_to_do_and_is_documented():
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## Metrics$(.*?)^## ", page, re.DOTALL | re.MULTILINE)

    assert re.findall(r"^\| `([A-Z]\w+)` \|", section, re.MULTILINE) == list(ALERTS)
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in ALERTS.values())
