from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from orders.models import Order
from orders.services import place_order
from products.models import Product


def expire(older_than):
    out = StringIO()
    call_command("expire_orders", "--older-than", older_than, stdout=out)
    return out.getvalue().strip()


def test_old_pending_orders_are_cancelled_and_their_stock_is_returned(order, customer, bat):
    Order.objects.update(created_at=timezone.now() - timedelta(hours=25))
    place_order(customer=customer, items=[{"product": bat.pk, "quantity": 1}])

    assert expire("24h") == "Expired orders: 1."
    assert expire("24h") == "Expired orders: 0."

    assert list(Order.objects.order_by("id").values_list("status", flat=True)) == ["cancelled", "pending"]
    assert Product.objects.get().quantity == 9
    event = order.events.last()
    assert (event.status, event.by, event.note) == ("cancelled", None, "Expired.")


def test_an_order_whose_stock_cannot_be_returned_does_not_block_the_others(order, customer, bat, ball):
    place_order(customer=customer, items=[{"product": ball.pk, "quantity": 1}])
    Order.objects.update(created_at=timezone.now() - timedelta(hours=25))
    bat.update(quantity=2**31 - 1)

    assert expire("24h") == "Expired orders: 1."

    assert list(Order.objects.order_by("id").values_list("status", flat=True)) == ["pending", "cancelled"]


def test_an_order_dated_in_the_future_expires_with_a_later_one(order, customer, bat):
    items = [{"product": bat.pk, "quantity": 1}]
    for _ in range(2):
        place_order(customer=customer, items=items)
    first, second, third = Order.objects.order_by("id").values_list("pk", flat=True)
    Order.objects.filter(pk__in=[first, third]).update(created_at=timezone.now() + timedelta(days=365))
    assert expire("24h") == "Expired orders: 0."

    Order.objects.filter(pk=second).update(created_at=timezone.now() - timedelta(hours=25))

    assert expire("24h") == "Expired orders: 2."
    assert Order.objects.get(status="pending").pk == third


def test_more_orders_than_fit_on_a_page_expire(customer):
    long_ago = timezone.now() - timedelta(days=2)
    Order.objects.bulk_create(
        Order(customer=customer, total=0, created_at=long_ago + timedelta(seconds=n // 1500)) for n in range(2100)
    )

    assert expire("24h") == "Expired orders: 2100."
    assert not Order.objects.filter(status="pending").exists()


def test_confirmed_orders_do_not_expire(api, admin, order):
    api(admin).post(f"/api/orders/{order.pk}/confirm/")
    Order.objects.update(created_at=timezone.now() - timedelta(days=99))

    assert expire("1d") == "Expired orders: 0."


@pytest.mark.parametrize("value", ["", "0", "-1h", "soon", "1w", "24 h"])
def test_a_malformed_age_is_refused(value):
    with pytest.raises(CommandError, match="is not a duration like"):
        call_command("expire_orders", f"--older-than={value}")
