"""The log of the production server: a JSON object per request, without secrets."""

import json

import pytest

from .server import CUSTOMER, PASSWORD, eventually

REQUEST = {"level", "logger", "message", "method", "path", "status", "user", "ms", "request_id", "time"}


@pytest.fixture(scope="module")
def server(new_server):
    with new_server(THROTTLE_ENABLED="on") as server:
        yield server


@pytest.fixture(scope="module")
def calls(server):
    """Make calls with right and wrong secrets, each with its own request id; keep both on the server."""
    tokens = [*server.login("anna").values()]
    register = {"username": CUSTOMER, "password": PASSWORD}
    server.call("POST", "/api/accounts/register/", register)
    own = server.login(CUSTOMER)
    new, wrong = "another horse 18", "a wrong one 19"
    change = {"old_password": PASSWORD, "new_password": new}
    sent = [
        ("POST", "/api/accounts/register/", {"username": wrong, "password": wrong}),
        ("POST", "/api/login/", {"username": CUSTOMER, "password": wrong}),
        ("POST", "/api/login/", {"username": wrong, "password": wrong}),
        ("POST", "/api/login/", f'{{"username": "{CUSTOMER}", "password": "{wrong}'.encode()),
        ("POST", "/api/login/refresh/", {"refresh": own["refresh"]}),
        ("POST", "/api/login/refresh/", {"refresh": own["refresh"]}),
        ("POST", "/api/logout/", {"refresh": own["refresh"] + "x"}),
        ("GET", f"/api/accounts/me/?password={wrong.replace(' ', '+')}&token={own['access']}", None, own["access"]),
        ("GET", "/api/products/", None, own["access"] + "x"),
        ("POST", "/api/accounts/me/password/", change | {"old_password": wrong}, own["access"]),
        ("POST", "/api/accounts/me/password/", change, own["access"]),
        ("POST", f"/admin/login/?token={own['access']}", f"password={wrong}".encode()),
        ("GET", "/api/nowhere/", None, own["access"]),
    ]
    for number, call in enumerate(sent):
        secret = {"Referer": f"https://evil.example/?token={own['access']}", "Origin": f"https://{own['access']}"}
        answer = server.call(*call, headers={"X-Request-ID": f"call-{number}"} | secret)
        assert answer.status < 500
        assert answer.headers["X-Request-ID"] == f"call-{number}"
    eventually(lambda: f'"call-{len(sent) - 1}"' in server.output)
    server.sent = sent
    server.secrets = [PASSWORD, new, wrong, *tokens, *own.values()]


def lines(server):
    return [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]


def test_each_request_has_one_line(server, calls):
    requests = [line for line in lines(server) if line["logger"] == "requests"]

    for number, (method, path, *_) in enumerate(server.sent):
        [line] = [line for line in requests if line["request_id"] == f"call-{number}"]
        assert set(line) == REQUEST
        assert (line["method"], line["path"]) == (method, path.partition("?")[0])
        assert line["ms"] > 0
    users = {line["path"]: line["user"] for line in requests}
    assert users["/api/accounts/me/"] == users["/api/accounts/me/password/"] != users["/api/products/"] is None


def test_no_line_contains_a_password_or_a_token(server, calls):
    for secret in server.secrets:
        # The signature is enough to recognize a token.
        assert secret.rpartition(".")[2] not in server.output
        assert secret.replace(" ", "+") not in server.output


def test_security_events_are_logged(server, calls):
    events = [line["message"] for line in lines(server) if line["logger"] == "security"]

    assert events[:2] == ["login_succeeded"] * 2
    assert events[2:5] == ["login_failed", "login_failed", "token_reused"]
    assert events[5:] == ["login_failed", "login_succeeded", "password_changed"]


def test_requests_for_unknown_hosts_log_one_line_per_minute_and_worker(server):
    for _ in range(20):
        assert server.call("GET", "/api/products/", headers={"Host": "evil.example"}).status == 400
    sentence = "Request for a host that is not in ALLOWED_HOSTS: evil.example"
    eventually(lambda: any(line["message"] == sentence for line in lines(server)))

    found = [line for line in lines(server) if "evil.example" in json.dumps(line)]
    assert {(line["level"], line["message"]) for line in found} == {("WARNING", sentence)}
    assert len(found) <= int(server.environment["GRANIAN_WORKERS"])
