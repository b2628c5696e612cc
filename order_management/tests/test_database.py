from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import OuterRef, Subquery, Sum

from orders.models import Order

TIMES = ["2026-11-22", "2026-11-22 00:00:00", "2026-11-22T00:00:00.000Z", "2026-11-22 02:00:00.000000+02:00"]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_that_another_program_wrote_is_read_in_utc(order, text):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET created_at = %s", [text])

    created_at = Order.objects.get().created_at
    assert created_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert created_at.utcoffset() == timedelta()


AMOUNTS = ["0", "0.01", "12", "1200.5", "0.1", "0.29", "9999999999.99", "9999999999", "1e9", "4503599627.37"]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_an_amount_is_read_as_it_was_written(order, amount):
    Order.objects.update(total=Decimal(amount))

    total = Order.objects.get().total
    assert (str(total), type(total)) == (f"{Decimal(amount):.2f}", Decimal)


def test_an_amount_from_a_subquery_or_a_sum_is_a_decimal_too(order):
    subquery = Subquery(Order.objects.filter(pk=OuterRef("pk")).values("total"))

    row = Order.objects.annotate(same=subquery).values("total", "same").get()

    assert [str(value) for value in row.values()] == ["2400.00", "2400.00"]
    assert Order.objects.aggregate(sum=Sum("total")) == {"sum": Decimal(2400)}


def test_every_amount_has_two_places():
    """`read_decimal` of order_management/db/sqlite/base.py relies on it."""
    fields = [field for model in apps.get_models() for field in model._meta.fields]

    amounts = [field for field in fields if isinstance(field, models.DecimalField)]

    assert {field.decimal_places for field in amounts} == {2}
