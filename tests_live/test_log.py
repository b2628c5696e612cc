"""The log of the production server: a JSON object per request, without secrets."""

import json
import re
from contextlib import nullcontext

import pytest

from .admin_site import FORM, AdminSite
from .databases import ON_POSTGRES, execute, unavailable
from .server import ASGI, CUSTOMER, PASSWORD, SECRET_KEY, WAIT, eventually

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
    """Return all lines: those of granian and of the application are JSON alike."""
    complete, _, _ = server.output.rpartition("\n")
    return [json.loads(line) for line in complete.splitlines()]


def test_granian_logs_json_too(server):
    started = {line["message"] for line in lines(server) if line["logger"].startswith("_granian")}

    assert {"Started worker-1", "Started worker-2"} <= started


def test_warnings_of_python_are_json_too(new_server):
    with new_server(ASGI) as server:
        assert server.call("GET", "/static/orders/list.css").status == 200  # Django warns about files under ASGI
        eventually(lambda: "StreamingHttpResponse must consume" in server.output)

        assert [line["level"] for line in lines(server) if line["logger"] == "py.warnings"] == ["WARNING"]


def test_routine_requests_are_not_logged(server, calls):
    assert server.call("GET", "/healthz/").status == server.call("GET", "/static/orders/list.css").status == 200
    assert server.call("GET", "/api/", headers={"X-Request-ID": "after-them"}).status == 200
    eventually(lambda: "after-them" in server.output)

    assert not [line for line in lines(server) if line.get("path") in ("/healthz/", "/static/orders/list.css")]


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


# One for each place that takes a secret. The names are long enough for every rule, and found nowhere else.
SECRETS = {
    place: f"s3cret-{place}-of-mona-17"
    for place in ["password", "changed", "set", "wrong", "email", "note", "body", "query", "header", "csrf", "file"]
}
METRICS, DATABASE = "s3cret-metrics-token-17", "s3cret-database-17"


@pytest.fixture(scope="module")
def used(new_server, tmp_path_factory):
    """A server with every call made right and wrong, and with secrets wherever it takes any."""
    metrics = {"METRICS_TOKEN": METRICS, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path_factory.mktemp("metrics"))}
    server = new_server(THROTTLE_ENABLED="on", SLOW_QUERY_MS="1", **metrics)
    # PostgreSQL trusts this machine, whatever the password.
    server.environment["DATABASE_URL"] = re.sub("(?<=//)([^/:@]+)@", rf"\1:{DATABASE}@", server.database_url)
    with server:
        server.issued = []
        product = use_accounts(server)
        use_admin_site(server, product)
        use_badly(server)
        break_it(server)
        assert server.call("GET", "/api/", headers={"X-Request-ID": "the-end"}).status == 200
        eventually(lambda: "the-end" in server.output)
        yield server


def use_accounts(server):
    """Make the calls of a Customer and of an Admin, with texts and keys; return a product."""

    def post(path, token=None, key=None, **body):
        return server.call("POST", f"/api/{path}", body, token, {"Idempotency-Key": key}).body

    mona = {"username": "mona", "password": SECRETS["password"]}
    post("accounts/register/", **mona)
    first, second = post("login/", **mona), post("login/", **mona)
    post("login/", **mona | {"password": SECRETS["wrong"]})
    renewed, _reused = (post("login/refresh/", refresh=first["refresh"]) for _ in range(2))
    post("logout/", refresh=renewed["refresh"])
    server.call("PATCH", "/api/accounts/me/", {"email": f"{SECRETS['email']}@example.com"}, second["access"])
    product, key = server.create_product(), f"key-{SECRETS['header']}"
    order = {"items": [{"product": product["id"], "quantity": 1}], "note": SECRETS["note"]}
    placed, _replayed = (post("orders/", second["access"], key, **order) for _ in range(2))
    post("orders/", second["access"], key, **order | {"note": "another"})
    for step in ("confirm", "confirm", "cancel"):
        post(f"orders/{placed['id']}/{step}/", server.admin, note=SECRETS["note"])
    post(f"products/{product['id']}/stock/", server.admin, delta=-999, note=SECRETS["note"])
    post("accounts/me/password/", second["access"], old_password=SECRETS["wrong"], new_password=SECRETS["changed"])
    post("accounts/me/password/", second["access"], old_password=mona["password"], new_password=SECRETS["changed"])
    post("accounts/users/2/password/", server.admin, new_password=SECRETS["set"])
    third = post("login/", **mona | {"password": SECRETS["set"]})
    post("accounts/me/logout-all/", third["access"])
    server.issued += [token for pair in (first, second, third, renewed) for token in pair.values()] + [server.admin]
    return product


def use_admin_site(server, product):
    """Log in with wrong and right passwords, send forms with and without their tokens, import a bad file."""
    site, path = AdminSite(server), f"/admin/products/product/{product['id']}/book_stock/"
    wrong = site.hidden_inputs("/admin/login/") | {"username": "anna", "password": SECRETS["wrong"]}
    server.call(*site.form("/admin/login/", wrong))
    own = {"old_password": SECRETS["wrong"], "new_password1": SECRETS["changed"], "new_password2": SECRETS["set"]}
    server.call(*site.form("/admin/password_change/", site.hidden_inputs("/admin/password_change/") | own))
    form = site.hidden_inputs(path) | {"delta": "1", "note": SECRETS["note"]}
    server.call(*site.form(path, form))
    server.call(*site.form(path, form | {"csrfmiddlewaretoken": SECRETS["csrf"]}))
    bad = f"id,name,price,quantity\n{product['id']},{SECRETS['file']},x,{SECRETS['file']}\n"
    server.call(*site.upload("/admin/products/product/import/", form, bad))
    server.issued += [cookie.value for cookie in site.cookies.values()] + [form["csrfmiddlewaretoken"]]


def use_badly(server):
    """Send what cannot be read, to every kind of path, with secrets in bodies, queries and headers."""
    body, token = SECRETS["body"], SECRETS["header"]
    bodies = [
        f'{{"password": "{body}',
        f'{{"password": "{body}\\ud800"}}',
        f'{{"{body}": 1}}',
        f'["{body}"]',
        body * 60_000,
    ]
    for path in ("/api/login/", "/api/orders/", "/api/products/stock/", "/admin/login/", "/nowhere/"):
        for sent in bodies:
            server.call("POST", path, sent.encode(), server.admin)
        server.call("POST", f"{path}?password={SECRETS['query']}", f"password={body}".encode(), headers=FORM)
    for value in (f"Bearer {token}", f"Basic {token}", token, f"Bearer {METRICS}"):
        cookie = {"Cookie": f"sessionid={token}; csrftoken={token}", "If-Match": token, "Prefer": token}
        for path in ("/api/products/", "/metrics/", "/admin/", "/readyz/"):
            server.call("GET", f"{path}?token={SECRETS['query']}", headers=cookie | {"Authorization": value})


def break_it(server):
    """Let calls fail because the database is away, and because of a bug: it has a value that the code cannot read."""
    order = "POST", "/api/orders/", {"items": [{"product": 1, "quantity": 1}], "note": SECRETS["note"]}, server.admin
    login = "POST", "/api/login/", {"username": "mona", "password": SECRETS["set"]}
    with unavailable(server.database_url) if ON_POSTGRES else nullcontext():
        answers = [server.call(*call).status for call in (order, login)]
        assert not ON_POSTGRES or answers == [503, 503]
    broken = "PRAGMA ignore_check_constraints = on; UPDATE products_product SET price = 'x'"
    execute(server.database_url, "ALTER TABLE products_product DROP price" if ON_POSTGRES else broken)
    query = f"?search={SECRETS['query']}"
    answers = [server.call(*order), server.call("GET", f"/api/products/{query}", token=server.admin)]
    assert 500 in [answer.status for answer in answers]


def test_no_secret_is_in_the_log_of_a_server_that_was_used_in_every_way(used):
    log = used.output
    assert all(text in log for text in ("Traceback", "slow_queries", "token_reused", "login_failed", '"status":413'))

    # The signature is enough to recognize a token.
    secrets = [*SECRETS.values(), METRICS, DATABASE, SECRET_KEY, *(text.rpartition(".")[2] for text in used.issued)]
    assert len(secrets) > 20
    assert [secret for secret in secrets if secret in log] == []


def test_every_line_of_that_log_is_json(used):
    assert len(lines(used)) > 50


def test_a_failed_start_is_a_line_of_json_without_the_secret(new_server):
    server = new_server(DATABASE_URL=f"postgres://shop:{DATABASE}@db.example:port/shop")
    server.launch()

    try:
        assert server.process.wait(timeout=WAIT) != 0
        critical = [line["message"] for line in lines(server) if line["level"] == "CRITICAL"]
        assert critical
        assert set(critical) == {critical[0]}
        assert "DATABASE_URL" in critical[0]
        assert DATABASE not in server.output
    finally:
        server.kill()
