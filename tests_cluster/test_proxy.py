"""How nginx and the nodes handle a call together."""

import json
import shutil
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection

import psycopg
import pytest

from tests_live.server import CUSTOMER, PASSWORD, ROOT, WAIT, Connection, eventually

from .load import customer

LOGIN, REGISTER = "/api/login/", "/api/accounts/register/"
PAGES = "https://pages.example"  # in deploy/nginx.conf
MADE_UP = {"X-Forwarded-For": "192.0.2.1"}


@pytest.fixture
def token(cluster):
    return customer(cluster, CUSTOMER)


def login(password, username=CUSTOMER):
    return "POST", LOGIN, {"username": username, "password": password}


def statuses(answers):
    return [answer.status for answer in answers]


def lines(node):
    return [json.loads(line) for line in node.output.splitlines() if line.startswith("{")]


def test_wrong_passwords_lock_out_a_name_on_both_nodes(cluster, token):
    here, elsewhere = "127.0.0.5", "127.0.0.6"
    tries = [cluster.call(*login("wrong"), address=here) for _ in range(12)]
    assert statuses(tries) == [401] * 10 + [429] * 2
    # They reached both nodes and were counted together.
    counts = [sum(line["message"] == "login_failed" for line in lines(node)) for node in cluster.nodes]
    assert sum(counts) == 10
    assert min(counts) > 0

    as_nginx_says = {"X-Forwarded-For": here}
    on_each = [node.call(*login(PASSWORD), headers=as_nginx_says) for node in cluster.nodes]
    made_up = [cluster.call(*login(PASSWORD), headers=MADE_UP, address=here) for _ in cluster.nodes]

    assert statuses(on_each + made_up) == [429] * 4
    assert cluster.call(*login(PASSWORD), address=elsewhere).status == 200
    assert cluster.call(*login(PASSWORD), headers=as_nginx_says, address=elsewhere).status == 200


def test_registrations_are_counted_across_both_nodes(cluster):
    names = [{"username": f"name{number}", "password": PASSWORD} for number in range(24)]
    answers = [cluster.call("POST", REGISTER, name, headers=MADE_UP, address="127.0.0.7") for name in names]

    assert Counter(statuses(answers)) == {201: 20, 429: 4}


def test_a_request_has_the_same_id_in_every_log(cluster, token):
    named = cluster.call("GET", "/api/products/", token=token, headers={"X-Request-ID": "from-the-caller"})
    nameless = cluster.call("GET", "/api/products/", token=token)

    assert named.headers["X-Request-ID"] == "from-the-caller"
    for name in ("from-the-caller", nameless.headers["X-Request-ID"]):
        assert sum(line["request_id"] == name for node in cluster.nodes for line in lines(node)) == 1
        eventually(lambda name=name: f'"request_id":"{name}"' in cluster.nginx.output("access"))


def test_headers_with_underscores_are_dropped(cluster):
    made_up = {"X_Request_ID": "made-up"}

    assert cluster.nodes[0].call("GET", "/healthz/", headers=made_up).headers["X-Request-ID"] == "made-up"
    assert cluster.call("GET", "/healthz/", headers=made_up).headers["X-Request-ID"] != "made-up"


def test_links_use_https_behind_tls(cluster, token):
    class Secure(Connection, HTTPSConnection):
        pass

    secure = Secure("127.0.0.1", cluster.nginx.tls_port, timeout=WAIT, context=cluster.nginx.trust)
    for number in range(2):
        product = {"name": f"Bat {number}", "price": 1, "quantity": 1}
        cluster.call("POST", "/api/products/create/", product, cluster.admin)

    assert "<https://" in secure.call("GET", "/api/products/?page_size=1", token=token).headers["Link"]
    assert "<http://" in cluster.call("GET", "/api/products/?page_size=1", token=token).headers["Link"]
    secure.close()


TOO_LARGE = b" " * (2**20 + 1)
# Requests refused before their headers are read get no CORS headers: there is no Origin yet.
REFUSED_LATE = {
    "a body too large": (413, "too_large", "The body is too large.", ("POST", "/api/login/", TOO_LARGE)),
    "an order too large": (413, "too_large", "The body is too large.", ("POST", "/api/orders/", TOO_LARGE)),
    "a page's form too large": (413, "too_large", "The body is too large.", ("POST", "/nothing/", b" " * 2**16 + b" ")),
    "a URL too long": (414, "uri_too_long", "The URL is too long.", ("GET", "/api/products/?search=" + "a" * 9000)),
    "an unknown method": (405, "method_not_allowed", "This method is not allowed.", ("TRACE", "/api/login/")),
    "an unknown transfer coding": (
        501,
        "length_required",
        "Send the body with a Content-Length, or with Transfer-Encoding: chunked.",
        ("POST", "/api/login/", None, None, {"Transfer-Encoding": "gzip"}),
    ),
}
CANNOT_BE_READ = "The request is malformed, or its headers are too long."
REFUSED_EARLY = {
    "a URL far too long": (
        414,
        "uri_too_long",
        "The URL is too long.",
        ("GET", "/api/products/?search=" + "a" * 17000),
    ),
    "a URL with a NUL": (400, "parse_error", CANNOT_BE_READ, ("GET", "/api/products/%00")),
    "a header too long": (
        400,
        "parse_error",
        CANNOT_BE_READ,
        ("GET", "/api/products/", None, None, {"X-Long": "a" * 17000}),
    ),
}


@pytest.mark.parametrize("name", [*REFUSED_LATE, *REFUSED_EARLY])
def test_nginx_refuses_in_json(cluster, name):
    status, code, detail, call = (REFUSED_LATE | REFUSED_EARLY)[name]
    answer = cluster.call(*call)

    assert (answer.status, answer.body) == (status, {"detail": detail, "code": code})
    assert len(answer.headers["X-Request-ID"]) == 32
    assert ("Allow" in answer.headers) == (status == 405)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("name", REFUSED_LATE)
def test_allowed_origins_can_read_refusals_of_nginx(cluster, name):
    status, _, _, (method, path, *rest) = REFUSED_LATE[name]
    body, token, headers = [*rest, None, None, None][:3]

    ours = cluster.call(method, path, body, token, {"Origin": PAGES} | (headers or {}))
    foreign = cluster.call(method, path, body, token, {"Origin": "https://evil.example"} | (headers or {}))

    assert (ours.status, foreign.status) == (status, status)
    assert ours.headers["Access-Control-Allow-Origin"] == PAGES
    assert ours.headers["Access-Control-Expose-Headers"] == "Retry-After, X-Request-ID"
    assert ours.headers["Vary"] == foreign.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_nginx_does_not_redirect_calls_without_the_slash(cluster):
    for path in ("/api", "/api/login", "/admin"):
        answer = cluster.call("POST", path, {})
        assert (answer.status, "Location" in answer.headers) == (404, False)


def test_an_import_may_be_larger_than_other_forms(cluster):
    file = b" " * 2**20
    upload = {"Content-Type": "multipart/form-data; boundary=x"}
    answers = [
        cluster.call("POST", f"/admin/products/product/{name}/", file, headers=upload) for name in ("import", "add")
    ]

    # The first one reaches a node, which finds no CSRF token.
    assert statuses(answers) == [403, 413]


@pytest.mark.parametrize("path", ["/metrics/", "/refused.json"])
def test_metrics_and_internal_paths_are_not_public(cluster, path):
    answer = cluster.call("GET", path)

    assert (answer.status, answer.body) == (404, {"detail": "There is nothing at this path.", "code": "not_found"})


def test_waiting_for_a_locked_row_is_not_counted_as_a_failure_of_a_node(cluster, token):
    product = cluster.call("POST", "/api/products/create/", {"name": "Bat", "price": 1, "quantity": 1}, cluster.admin)
    path = f"/api/products/{product.body['id']}/"
    change = "PUT", path, {"quantity": 5}, cluster.admin
    with psycopg.connect(cluster.primary.url) as holder, ThreadPoolExecutor(6) as threads:
        holder.execute("SELECT FROM products_product WHERE id = %s FOR UPDATE", [product.body["id"]])
        changes = [threads.submit(cluster.call, *change) for _ in range(6)]
        assert {change.result().status for change in changes} == {503}
        others = [cluster.call("GET", "/api/products/", token=token) for _ in range(8)]

    assert statuses(others) == [200] * 8


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "stock/", {"delta": 1}), ("PATCH", "", {"quantity": 5})])
def test_a_change_is_sent_to_the_other_node_if_it_has_a_key(cluster, method, path, body):
    product = cluster.call("POST", "/api/products/create/", {"name": "Bat", "price": 1, "quantity": 1}, cluster.admin)
    change = method, f"/api/products/{product.body['id']}/{path}", body, cluster.admin
    node = cluster.nodes[0]
    node.link.cut()  # it answers 503
    without = [cluster.call(*change) for _ in range(4)]
    time.sleep(2.5)  # nginx has avoided the node for 2 seconds
    with_keys = [cluster.call(*change, {"Idempotency-Key": f"{method}-{number}"}) for number in range(4)]
    node.link.restore()
    eventually(node.is_ready)

    assert set(statuses(without)) == {200, 503}
    assert statuses(with_keys) == [200] * 4
    refused = sum(line.get("status") == 503 and line["path"] == change[1] for line in lines(node))
    assert refused > statuses(without).count(503)


def test_without_any_node_callers_get_a_503_with_retry_after(cluster, token):
    for node in cluster.nodes:
        node.stop()
    calls = [("GET", "/api/products/", None, token), ("POST", "/api/orders/", {}, token, {"Idempotency-Key": "away"})]
    answers = [cluster.call(*call) for call in calls]
    page = {"Origin": PAGES}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = cluster.call("OPTIONS", "/api/products/", headers=page | asked)
    foreign = cluster.call("OPTIONS", "/api/products/", headers={"Origin": "https://evil.example"} | asked)
    answers.append(cluster.call("GET", "/api/products/", token=token, headers=page))
    for node in cluster.nodes:
        node.launch()
    for node in cluster.nodes:
        eventually(node.is_ready)

    assert statuses(answers) == [503] * 3
    assert all(answer.headers["Retry-After"] == "2" for answer in answers)
    assert all(answer.body["code"] == "unavailable" for answer in answers)
    assert all(list(answer.body) == ["detail", "code"] for answer in answers)
    # A page from an allowed origin passes the preflight, so it gets this response and may read it.
    assert (preflight.status, preflight.headers["Access-Control-Allow-Headers"]) == (204, "authorization")
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGES
    assert answers[-1].headers["Access-Control-Allow-Origin"] == PAGES
    assert (foreign.status, foreign.headers["Access-Control-Allow-Origin"]) == (503, None)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "order-management.service"
    program = shutil.which("true")
    unit.write_text(
        (ROOT / "deploy" / unit.name).read_text().replace("/srv/order-management/.venv/bin/granian", program)
    )

    run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=WAIT)

    assert (run.returncode, run.stderr) == (0, "")
