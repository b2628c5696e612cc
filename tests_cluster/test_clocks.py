"""Two nodes whose clocks differ by 8 seconds, as can happen without NTP, and a database with a third clock."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from tests_live.server import ADMIN, PASSWORD

from .load import customer

# Debian's faketime changes the time of day that a process sees, but not how fast time passes.
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
CALM = 3

pytestmark = pytest.mark.skipif(not LIBRARY, reason="needs Debian's faketime")


def clock(seconds):
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture(scope="module", params=[(0, 8), (-4, 4)], ids=["one ahead", "one behind, one ahead"])
def skewed(request, cluster):
    """The nodes, with clocks this many seconds ahead of the database's."""
    usual = [node.environment for node in cluster.nodes]
    for node, seconds in zip(cluster.nodes, request.param, strict=True):
        restart(node, node.environment | clock(seconds))
    assert sorted(seconds_ahead(node) for node in cluster.nodes) == sorted(request.param)
    yield cluster.nodes
    for node, environment in zip(cluster.nodes, usual, strict=True):
        restart(node, environment)


def restart(node, environment):
    node.stop()
    node.environment = environment
    node.start()


def seconds_ahead(node):
    """Return how far ahead a node's clock is, according to its log."""
    node.call("GET", "/api/")
    logged = [json.loads(line)["time"] for line in node.output.splitlines() if line.startswith("{")]
    return round(time.mktime(time.strptime(logged[-1][:19], "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime()))


def login(node, username=ADMIN):
    answer = node.call("POST", "/api/login/", {"username": username, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.body


def is_accepted(node, tokens):
    return node.call("GET", "/api/accounts/me/", token=tokens["access"]).status == 200


def test_a_token_of_one_node_is_valid_on_the_other_immediately(skewed):
    for issuer in skewed:
        tokens = login(issuer)
        assert [is_accepted(node, tokens) for node in skewed] == [True, True]


def test_a_session_continues_from_node_to_node(skewed):
    tokens = login(skewed[0])
    for turn in range(6):
        answer = skewed[turn % 2].call("POST", "/api/login/refresh/", {"refresh": tokens["refresh"]})
        assert answer.status == 200, answer
        tokens = answer.body
        assert [is_accepted(node, tokens) for node in skewed] == [True, True]


def test_a_logout_and_a_new_password_take_effect_on_both_nodes(cluster, skewed):
    customer(cluster, "clara")
    for there, here in (skewed, skewed[::-1]):
        old, left = login(there, "clara"), login(there, "clara")
        assert here.call("POST", "/api/logout/", {"refresh": left["refresh"]}).status == 200
        again = {"old_password": PASSWORD, "new_password": PASSWORD}
        assert here.call("POST", "/api/accounts/me/password/", again, old["access"]).status == 200

        assert there.call("POST", "/api/login/refresh/", {"refresh": left["refresh"]}).status == 401
        assert not any(is_accepted(node, old) for node in skewed)
        assert all(is_accepted(node, login(there, "clara")) for node in skewed)


def test_an_order_is_placed_once_and_takes_its_steps_across_both_nodes(cluster, skewed):
    token = login(skewed[1])["access"]
    product = {"name": "Bat", "price": 1, "quantity": 10}
    pk = skewed[0].call("POST", "/api/products/create/", product, token).body["id"]
    order = (
        "POST",
        "/api/orders/",
        {"items": [{"product": pk, "quantity": 1}]},
        token,
        {"Idempotency-Key": f"once-{pk}"},
    )
    placed = [node.call(*order) for node in (*skewed, *skewed)]
    path = placed[0].headers["Location"]
    steps = zip(("confirm", "ship", "deliver"), (skewed[1], skewed[0], skewed[1]), strict=True)

    assert {(answer.status, answer.body["id"]) for answer in placed} == {(201, placed[0].body["id"])}
    assert [node.call("POST", f"{path}{step}/", {}, token).status for step, node in steps] == [200] * 3
    events = [[event["status"] for event in node.call("GET", f"{path}events/", token=token).body] for node in skewed]
    assert events == [["pending", "confirmed", "shipped", "delivered"]] * 2


def test_wrong_passwords_are_counted_across_both_nodes(cluster, skewed):
    unused_address = f"127.0.0.{10 + seconds_ahead(skewed[1])}"
    wrong = "POST", "/api/login/", {"username": ADMIN, "password": "wrong"}
    tries = [cluster.call(*wrong, address=unused_address).status for _ in range(14)]

    assert Counter(tries) == {401: 10, 429: 4}


def test_under_load_nobody_is_refused(skewed, load):
    with load:
        time.sleep(CALM)

    assert load.placed()
    assert load.failed() == []
