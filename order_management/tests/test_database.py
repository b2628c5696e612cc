from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from orders.models import Order

TIMES = ["2026-11-22", "2026-11-22 00:00:00", "2026-11-22T00:00:00.000Z", "2026-11-22 02:00:00.000000+02:00"]


@pytest.mark.parametrize("text", TIMES)
def test_a_time_that_another_program_wrote_is_read_in_utc(order, text):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET created_at = %s", [text])

    created_at = Order.objects.get().created_at
    assert created_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert created_at.utcoffset() == timedelta()
