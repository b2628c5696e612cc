"""The home page of the admin site: sales, orders by status, products low on stock."""

import json
from datetime import UTC, datetime, timedelta

from order_management.db.replica import from_replica
from products.models import LOW_STOCK, Product

from . import reports

PERIODS = [7, 30, 90]  # days, up to today
LOW_STOCK_ROWS = 10


@from_replica
def dashboard(request, context):
    """Return the context of the page with the dashboard's data. django-unfold calls it (DASHBOARD_CALLBACK)."""
    days = next((days for days in PERIODS if str(days) == request.GET.get("days")), 30)
    last = datetime.now(UTC).date()
    first = last - timedelta(days=days - 1)
    report = reports.sales(first, last)
    top = [row["product"] for row in report["top_products"]]
    low = Product.objects.listed().filter(quantity__lte=LOW_STOCK).order_by("quantity", "id")
    return context | {
        "periods": PERIODS,
        "days": days,
        "report": report,
        "revenue": f"{report['revenue']:,}",
        "charts": [chart(name, report["by_day"]) for name in ("revenue", "orders")],
        "listed": set(Product.objects.listed().filter(pk__in=top).values_list("pk", flat=True)),
        "statuses": reports.by_status(first, last),
        "low_stock": list(low[:LOW_STOCK_ROWS]),
    }


def chart(name, by_day):
    """Return a bar chart of a figure per day, with its data as JSON for Chart.js."""
    bars = {"data": [float(day[name]) for day in by_day], "label": name.capitalize()}
    look = {"backgroundColor": "var(--color-primary-600)", "maxBarThickness": 24}
    axes = {"maxTicksXLimit": 10, "displayYAxis": True}
    data = {"labels": [day["date"].strftime("%d %b") for day in by_day], "datasets": [bars | look | axes]}
    return {"title": f"{name.capitalize()} per day", "name": name, "data": json.dumps(data)}
