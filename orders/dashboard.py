"""The home page of the admin site: what waits, sales, orders by status, products low on stock."""

import json
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from order_management.db.replica import from_replica
from products.models import LOW_STOCK, Product

from . import reports
from .models import Order

PERIODS = [7, 30, 90]  # days, up to today
LOW_STOCK_ROWS = 10
COUNT_MAX = 10_000  # a larger count would only take longer


@from_replica
def dashboard(request, context):
    """Return the context of the page with the dashboard's data. django-unfold calls it (DASHBOARD_CALLBACK)."""
    days = next((days for days in PERIODS if str(days) == request.GET.get("days")), 30)
    last = timezone.localdate()
    first = last - timedelta(days=days - 1)
    report = reports.sales(first, last)
    top = [row["product"] for row in report["top_products"]]
    low_stock = Product.objects.listed().filter(quantity__lte=LOW_STOCK).order_by("quantity", "id")
    return context | {
        "waiting": waiting(low_stock),
        "periods": PERIODS,
        "days": days,
        "report": report,
        "charts": [chart(name, report["by_day"]) for name in ("revenue", "orders")],
        "listed": set(Product.objects.listed().filter(pk__in=top).values_list("pk", flat=True)),
        "statuses": reports.by_status(first, last),
        "low_stock": list(low_stock[:LOW_STOCK_ROWS]),
    }


def waiting(low_stock):
    """Return what waits for an Admin: a title, the number and the path of the list for each."""
    orders, products = reverse("admin:orders_order_changelist"), reverse("admin:products_product_changelist")
    pending, to_ship = (Order.objects.filter(status=status) for status in ("pending", "confirmed"))
    return [
        ("Pending orders", count(pending), f"{orders}?status__exact=pending"),
        ("Orders to ship", count(to_ship), f"{orders}?status__exact=confirmed"),
        ("Products low on stock", count(low_stock), f"{products}?stock=low"),
    ]


def count(queryset):
    """Return the number of rows as text: 10,000+ if there are more, which are not read."""
    number = queryset.values("pk")[: COUNT_MAX + 1].count()
    return f"{number:,}" if number <= COUNT_MAX else f"{COUNT_MAX:,}+"


def chart(name, by_day):
    """Return a bar chart of a figure per day, with its data as JSON for Chart.js."""
    bars = {"data": [float(day[name]) for day in by_day], "label": name.capitalize()}
    look = {"backgroundColor": "var(--color-primary-600)", "maxBarThickness": 24}
    axes = {"maxTicksXLimit": 10, "displayYAxis": True}
    data = {"labels": [day["date"].strftime("%d %b") for day in by_day], "datasets": [bars | look | axes]}
    unit = f" ({settings.CURRENCY})" if name == "revenue" and settings.CURRENCY else ""
    return {"title": f"{name.capitalize()} per day{unit}", "name": name, "data": json.dumps(data)}
