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
        "charts": [
            {"title": f"{title} per day", "name": name, "data": bars(report["by_day"], name)}
            for title, name in [("Revenue", "revenue"), ("Orders", "orders")]
        ],
        "listed": set(Product.objects.listed().filter(pk__in=top).values_list("pk", flat=True)),
        "statuses": reports.by_status(first, last),
        "low_stock": list(low[:LOW_STOCK_ROWS]),
    }


def bars(by_day, name):
    """Return one figure per day as JSON for Chart.js."""
    data = [float(row[name]) for row in by_day]
    dataset = {"data": data, "label": name.capitalize(), "backgroundColor": "var(--color-primary-600)"}
    look = {"maxBarThickness": 24, "maxTicksXLimit": 10, "displayYAxis": True}
    return json.dumps({"labels": [row["date"].strftime("%d %b") for row in by_day], "datasets": [dataset | look]})
