from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from accounts.housekeeping import purge_keys
from accounts.models import IdempotencyKey
from order_management.db import purge
from orders.models import Order
from products.models import Product


def housekeeping():
    """Run the command and return its output."""
    out = StringIO()
    call_command("housekeeping", stdout=out)
    return out.getvalue()


def keys(user, count, **age):
    """Create keys of this age and return them."""
    created_at = timezone.now() - timedelta(**age)
    made = [IdempotencyKey(user=user, key=f"{age}-{n}", created_at=created_at) for n in range(count)]
    return IdempotencyKey.objects.bulk_create(made)


def test_keys_are_kept_for_a_day(api, customer, bat):
    keys(customer, 2, hours=23, minutes=59)
    keys(customer, 3, hours=24)

    assert "Deleted 3 idempotency keys." in housekeeping()
    assert "Deleted 0 idempotency keys." in housekeeping()

    assert IdempotencyKey.objects.count() == 2


def test_a_retry_within_the_day_gets_its_order(api, customer, bat):
    def place():
        body = {"items": [{"product": bat.pk, "quantity": 1}]}
        return api(customer).post("/api/orders/", body, headers={"Idempotency-Key": "one"}).json()["id"]

    first = place()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=23))
    housekeeping()
    assert place() == first

    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    housekeeping()
    assert place() != first


def test_many_keys_are_deleted_in_batches(customer, django_assert_num_queries):
    keys(customer, 2500, days=2)
    keys(customer, 1, hours=1)

    # Per batch: savepoint, lock, deletion, release. Two scans, one of them for times in the future: a page, the end.
    with django_assert_num_queries(3 * 4 + 2 * 2):
        assert purge_keys() == 2500


def test_old_keys_are_deleted_wherever_they_are(customer, monkeypatch):
    monkeypatch.setattr(purge, "PAGE", 100)
    for age in ({"hours": 1}, {"days": 3}, {"hours": 2}, {"days": 2}, {"minutes": 1}):
        keys(customer, 250, **age)

    assert purge_keys() == 500

    assert IdempotencyKey.objects.count() == 750
    assert not IdempotencyKey.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).exists()


def test_a_key_dated_in_the_future_is_kept_for_another_day(customer):
    keys(customer, 1, days=-365)
    keys(customer, 1, seconds=-5)  # another node's clock may be this far ahead

    assert purge_keys() == 0
    IdempotencyKey.objects.update(created_at=F("created_at") - timedelta(hours=25))

    assert purge_keys() == 2


@pytest.fixture
def stale(order):
    """An order of two bats that has been pending for 25 hours."""
    Order.objects.update(created_at=timezone.now() - timedelta(hours=25))
    return order


def test_stale_orders_are_kept_by_default(stale):
    assert "Expired orders" not in housekeeping()

    assert Order.objects.get().status == "pending"


def test_stale_orders_expire_if_configured(stale, settings):
    settings.EXPIRE_ORDERS_AFTER = timedelta(hours=24)

    assert "Expired orders: 1." in housekeeping()
    assert "Expired orders: 0." in housekeeping()

    assert Order.objects.get().status == "cancelled"
    assert Product.objects.get().quantity == 10
