"""The sales report read at the end is the sum of the final orders."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from .calls import money

NOT_SOLD = "cancelled", "returned"
TOP = 10


def check_report(calls):
    if calls.orders is None:
        return
    for call in calls.read("GET /api/reports/sales/"):
        orders = [order for order in calls.orders.values() if is_sold(order, call.query)]
        yield from wrong_totals(call, orders)
        yield from wrong_days(call, orders)
        yield from wrong_products(call, orders, calls.products)


def is_sold(order, query):
    return order["status"] not in NOT_SOLD and query["from"] <= day(order) <= query["to"]


def day(order):
    return order["created_at"][:10]


def wrong_totals(call, orders):
    expected = {"orders": len(orders), "revenue": revenue(orders)}
    actual = {name: call.answer[name] for name in expected}
    if actual != expected:
        yield f"The report says {actual}, but the orders say {expected}."


def revenue(orders):
    return money(sum((kept_value(line) for order in orders for line in order["items"]), start=Decimal(0)))


def kept_value(line):
    return Decimal(line["price"]) * (line["quantity"] - line["returned"])


def wrong_days(call, orders):
    by_day = {name: [] for name in days(call.query["from"], call.query["to"])}
    for order in orders:
        by_day[day(order)].append(order)
    expected = [{"date": name, "orders": len(of), "revenue": revenue(of)} for name, of in by_day.items()]
    for line, actual in zip(expected, call.answer["by_day"], strict=False):
        if line != actual:
            yield f"The report says {actual} for a day, but the orders say {line}."
    if len(expected) != len(call.answer["by_day"]):
        yield f"The report has {len(call.answer['by_day'])} days, not {len(expected)}."


def days(first, last):
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [str(start + timedelta(number)) for number in range((end - start).days + 1)]


def wrong_products(call, orders, products):
    """The top products are ten with the most revenue, each with its own numbers and its current name."""
    kept, earned = Counter(), Counter()
    for order in orders:
        for line in order["items"]:
            kept[line["product"]] += line["quantity"] - line["returned"]
            earned[line["product"]] += kept_value(line)
    top = call.answer["top_products"]
    for line in top:
        pk = line["product"]
        expected = {
            "product": pk,
            "name": name_of(pk, products, line),
            "quantity": kept[pk],
            "revenue": money(earned[pk]),
        }
        if line != expected:
            yield f"The report says {line} of a product, but the orders say {expected}."
    best = sorted((money(earned[pk]) for pk in +kept), key=Decimal, reverse=True)[:TOP]
    if [line["revenue"] for line in top] != best:
        yield f"The best revenues in the report are {[line['revenue'] for line in top]}, not {best}."


def name_of(pk, products, line):
    return (products or {}).get(pk, line)["name"]
