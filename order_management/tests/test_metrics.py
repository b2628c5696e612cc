"""The metrics and who may read them."""

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from accounts.models import User
from order_management.exceptions import Code
from orders.models import Order
from orders.services import place_order

TOKEN = "a-token-of-prometheus"


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def scrape():
    """Return the value of every series."""
    page = APIClient().get("/metrics/", headers={"Authorization": f"Bearer {TOKEN}"})
    assert page["Content-Type"].startswith("text/plain; version=")
    lines = [line for line in page.content.decode().splitlines() if not line.startswith("#")]
    return {series: float(number) for series, _, number in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def counted():
    """A function that makes a call and returns by how much the series of a metric have grown."""

    def counted(metric, call):
        before = scrape()
        call()
        series = {name: number for name, number in scrape().items() if name.startswith(metric + "{")}
        grown = {name.removeprefix(metric): number - before.get(name, 0) for name, number in series.items()}
        return {name: number for name, number in grown.items() if number and "other" not in name}

    return counted


def order(client, product, quantity=1, key=None):
    items = [{"product": product.pk, "quantity": quantity}]
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/orders/", {"items": items}, headers=headers)


@pytest.mark.parametrize("sent", [None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_the_metrics_need_the_token(client, sent):
    answer = client.get("/metrics/", headers={"Authorization": sent} if sent else {})

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json() == {"detail": "Wrong token.", "code": "token_not_valid"}


def test_the_access_token_of_an_admin_is_refused(api, admin):
    assert api(admin).get("/metrics/").status_code == 401


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer None", f"Bearer {TOKEN}"])
def test_without_a_configured_token_the_metrics_are_a_404(client, settings, sent):
    settings.METRICS_TOKEN = None

    answer = client.get("/metrics/", headers={"Authorization": sent})

    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "There is nothing at this path.", "code": "not_found"},
    )


def test_prometheus_may_use_the_ip_address_and_plain_http(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/metrics/", headers={"Host": "10.0.0.7:8000"}).status_code == 401


def test_requests_are_counted_by_route(api, customer, bat, ball, counted):
    def call():
        for pk in (bat.pk, ball.pk, 999):
            api(customer).get(f"/api/products/{pk}/?search=secret")

    assert counted("http_requests_total", call) == {
        '{method="GET",route="api/products/<int:pk>/",status="200"}': 2,
        '{method="GET",route="api/products/<int:pk>/",status="404"}': 1,
    }
    name = '{method="GET",route="api/products/<int:pk>/"}'
    assert counted("http_request_seconds_count", call) == {name: 3}


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere/1/"), ("GET", "/api/nowhere"), ("BREW", "/healthz/")])
def test_made_up_paths_and_methods_do_not_become_labels(client, method, path):
    client.generic(method, path)

    page = "\n".join(scrape())
    assert "nowhere" not in page
    assert "BREW" not in page
    assert 'route="other"' in page


def test_orders_are_counted_by_outcome(api, customer, bat, counted):
    def call():
        for key in ("one", "other", "one", None):
            assert order(api(customer), bat, key=key).status_code == 201

    assert counted("orders_total", call) == {'{outcome="placed"}': 3, '{outcome="replayed"}': 1}


def test_a_refused_order_is_counted_as_a_conflict(api, customer, admin, bat, ball, counted):
    def call():
        assert order(api(customer), bat, quantity=11).status_code == 409
        assert order(api(customer), bat, key="one").status_code == 201
        assert order(api(customer), ball, key="one").status_code == 422
        api(admin).post(f"/api/orders/{Order.objects.get().pk}/ship/")

    assert counted("conflicts_total", call) == {
        '{kind="OutOfStock"}': 1,
        '{kind="KeyReused"}': 1,
        '{kind="IllegalTransition"}': 1,
    }
    assert counted("orders_total", lambda: order(api(customer), bat, quantity=99)) == {}


@pytest.mark.parametrize(
    ("name", "statuses"),
    [("idempotent_replays_total", (201, 201)), ("refused_idempotency_keys_total", (201, 422))],
)
def test_replays_and_refused_keys_are_counted_by_call(api, customer, bat, ball, counted, name, statuses):
    def call():
        for product, status in zip((bat, bat if statuses[1] == 201 else ball), statuses, strict=True):
            assert order(api(customer), product, key="one").status_code == status

    assert counted(name, call) == {'{call="POST api/orders/"}': 1}


def test_errors_are_counted_by_code(api, customer, bat, counted):
    def call():
        api().get("/api/products/")
        for pk in (999, 1000):
            api(customer).get(f"/api/products/{pk}/")
        api(customer).post("/api/orders")
        api(customer).get("/api/products/?page_size=0")
        order(api(customer), bat, quantity=11)

    assert counted("errors_total", call) == {
        '{code="not_authenticated"}': 1,
        '{code="not_found"}': 3,
        '{code="out_of_stock"}': 1,
    }


def test_every_code_has_a_series_from_the_start():
    assert {f'errors_total{{code="{code}"}}' for code in Code} <= scrape().keys()


def test_a_conflict_of_a_locked_out_caller_is_not_counted(api, admin, bat, counted):
    def lock_out_once(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not done:
            done.append(True)
            User.objects.filter(pk=admin.pk).update(is_active=False)
        return result

    def call():
        with connection.execute_wrapper(lock_out_once):
            assert client.post(f"/api/products/{bat.pk}/stock/", {"delta": -99}).status_code == 401

    client, done = api(admin), []
    assert counted("conflicts_total", call) == {}


def test_an_order_that_is_rolled_back_is_not_counted(customer, bat, counted):
    def call():
        with transaction.atomic():
            place_order(customer=customer, items=[{"product": bat.pk, "quantity": 1}])
            transaction.set_rollback(True)

    assert counted("orders_total", call) == {}


def test_lockouts_and_refused_registrations_are_counted(api, customer, settings, counted):
    settings.LOGIN_FAILURES, settings.REGISTER_RATE = 2, (1, settings.REGISTER_RATE[1])

    def call():
        for name in ("carl", "carl", "carl"):
            api().post("/api/login/", {"username": name, "password": "wrong"})
        for name in ("dora", "emil"):
            api().post("/api/accounts/register/", {"username": name, "password": "1234"})

    assert counted("security_events_total", call) == {
        '{event="login_failed"}': 2,
        '{event="login_locked"}': 1,
        '{event="registration_refused"}': 1,
    }


def test_no_label_identifies_anybody(api, customer, bat):
    order(api(customer), bat, key="a-key-of-carl")
    api().post("/api/login/", {"username": "carl", "password": "wrong"})

    page = "\n".join(scrape())
    assert not {word for word in ("carl", "127.0.0.1", TOKEN) if word in page}
