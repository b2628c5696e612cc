from datetime import timedelta
from decimal import Decimal

from django.db.models import BigIntegerField, Count, F, Q, Sum
from django.db.models.functions import Cast, Round, TruncDate

from .models import Order, OrderLine

SOLD = ~Q(status__in=Order.UNSOLD)
TOP_PRODUCTS = 10


def cents(expression):
    """Return the exact sum of an amount, in cents: SQLite would add decimals as floating-point numbers."""
    return Sum(Cast(Round(expression * 100), BigIntegerField()), default=0)


def amount(cents):
    return Decimal(cents).scaleb(-2)


def sales(first, last):
    """Return the sales of the days from `first` to `last`, both included, summed in the database.

    They are days of the current time zone: the shop's in the admin site, UTC elsewhere. Returned pieces do not count.
    Takes two statements: an order placed between them is in the products and not yet in the days.
    """
    orders = Order.objects.created_on(first, last).filter(SOLD)
    revenue = cents(F("total") - F("returned_total"))
    days = orders.order_by().values(date=TruncDate("created_at")).annotate(orders=Count("*"), cents=revenue)
    by_day = {day["date"]: day for day in days}
    rows = [by_day.get(day, {"date": day, "orders": 0, "cents": 0}) for day in dates(first, last)]
    return {
        "from": first,
        "to": last,
        "orders": sum(row["orders"] for row in rows),
        "revenue": amount(sum(row["cents"] for row in rows)),
        "by_day": [{"date": row["date"], "orders": row["orders"], "revenue": amount(row["cents"])} for row in rows],
        "top_products": top_products(orders),
    }


def by_status(first, last):
    """Return how many of the orders placed on these days are in each status now, in life cycle order."""
    counts = dict(Order.objects.created_on(first, last).order_by().values_list("status").annotate(orders=Count("*")))
    return [{"status": status, "orders": counts.get(status, 0)} for status in Order.Status]


def dates(first, last):
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def top_products(orders):
    """Return the products with the most revenue in these orders, without returned pieces."""
    lines = OrderLine.objects.filter(order__in=orders).order_by().values("product_id", "product__name")
    kept = F("quantity") - F("returned")
    sums = lines.annotate(pieces=Sum(kept), cents=cents(F("price") * kept)).filter(pieces__gt=0)
    return [
        {
            "product": row["product_id"],
            "name": row["product__name"],
            "quantity": row["pieces"],
            "revenue": amount(row["cents"]),
        }
        for row in sums.order_by("-cents", "-pieces", "product_id")[:TOP_PRODUCTS]
    ]
