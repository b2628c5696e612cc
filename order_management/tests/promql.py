"""The queries of deploy/grafana-dashboard.json and deploy/alerts.yml, and what they name."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
ALERTS_FILE = ROOT / "deploy/alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
[GROUP] = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for rule in GROUP["rules"]}
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]] + [
    each["expr"] for each in GROUP["rules"]
]
# What Grafana replaces.
VARIABLES = {"$job": "order-management", "$instance": ".*", "$__rate_interval": "1m"}
MATCHER = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
KEYWORDS = {"and", "or", "unless", "offset", "by", "without", "on", "ignoring"}


def metrics(query):
    """Return the names of the metrics in a query."""
    rest = re.sub(r'"[^"]*"', "", query)
    rest = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|without) \([^)]*\)", " ", rest)
    return set(re.findall(r"(?<![\w.])[a-zA-Z_]\w*(?!\w|\s*\()", rest)) - KEYWORDS


def grouped(query):
    """Return the labels by which a query groups."""
    return {label for group in re.findall(r"\bby \(([^)]*)\)", query) for label in group.split(", ")}


def matched(query):
    """Return the labels that a query compares, each with the values, which may be regular expressions."""
    found = [(label, value) for label, _, value in MATCHER.findall(query) if value not in VARIABLES]
    return {(label, each) for label, value in found for each in value.split("|")}


def replaced(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query
