"""Amounts and other numbers in the admin site: one format, right-aligned in tables (by static/.../admin.css).

In Python: `list_display = ["id", "customer", money_column("total")]`, or `money(total)` in a text.
In a template: `{% load numbers %} {{ order.total|money }} {{ line.quantity|number }}`
"""

import unicodedata

from django.conf import settings
from django.utils.html import format_html

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def money(amount):
    """Return an amount with the CURRENCY in front: 1,200.00, €1,200.00 or EUR 1,200.00."""
    return as_number(f"{currency_prefix()}{amount:,.2f}")


def number(value):
    """Return a whole number: 12,345."""
    return as_number(f"{value:,}")


def currency_prefix():
    """Return what precedes an amount: nothing, a sign, or a code and a space."""
    is_sign = settings.CURRENCY and unicodedata.category(settings.CURRENCY[-1]) == "Sc"
    return settings.CURRENCY and (settings.CURRENCY if is_sign else settings.CURRENCY + NO_BREAK_SPACE)


def label_with_currency(label):
    """Return the label of a field for an amount, which is entered without the currency: Price (EUR)."""
    return f"{label} ({settings.CURRENCY})" if settings.CURRENCY else label


def as_number(text):
    return format_html('<span class="number">{}</span>', text)


def money_column(field, description=None):
    """Return a column of a list, or a field of a page, that shows an amount."""
    return column(field, money, description)


def number_column(field, description=None):
    """Return a column of a list, or a field of a page, that shows a whole number."""
    return column(field, number, description)


def column(field, format_value, description):
    def show(instance):
        value = getattr(instance, field)
        return None if value is None else format_value(value)

    # Django makes two classes of this, by which the style sheet aligns the cells and their heading.
    show.__name__ = f"{field} number"
    show.short_description = description or field
    show.admin_order_field = field
    return show
