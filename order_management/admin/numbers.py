"""Amounts and other numbers in the admin site: one format, right-aligned in tables (by static/.../admin.css).

In Python: `list_display = ["id", "customer", money_column("total")]`, or `money(total)` in a text.
In a template: `{% load numbers %} {{ order.total|money }} {{ line.quantity|number }}`
"""

import unicodedata

from django.conf import settings
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminTextInputWidget

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def money(amount):
    """Return an amount as HTML, with the CURRENCY in front: 1,200.00, €1,200.00 or EUR 1,200.00."""
    return as_number(money_text(amount))


def money_text(amount):
    return f"{currency_prefix()}{amount:,.2f}"


def number(value):
    """Return a whole number: 12,345."""
    return as_number(f"{value:,}")


def currency_prefix():
    """Return what precedes an amount: nothing, a sign, or a code and a space."""
    is_sign = settings.CURRENCY and unicodedata.category(settings.CURRENCY[-1]) == "Sc"
    return settings.CURRENCY and (settings.CURRENCY if is_sign else settings.CURRENCY + NO_BREAK_SPACE)


def as_number(text):
    return format_html('<span class="number">{}</span>', text)


def money_column(field, description=None):
    """Return a column of a list, or a field of a page, that shows an amount."""
    return Column(field, money, description)


def number_column(field, description=None):
    """Return a column of a list, or a field of a page, that shows a whole number."""
    return Column(field, number, description)


class Column:
    do_not_call_in_templates = True

    def __init__(self, field, format_value, description):
        # Django turns this into two CSS classes, by which the style sheet aligns the cells and their heading.
        self.__name__ = f"{field} number"
        self.short_description = description or field
        self.admin_order_field = self.field = field
        self.format_value = format_value

    def __call__(self, instance):
        value = getattr(instance, self.field)
        return None if value is None else self.format_value(value)

    def __str__(self):
        return self.__name__


class MoneyWidget(UnfoldAdminTextInputWidget):
    """An input for an amount, with the currency in front."""

    input_type = "number"

    def __init__(self):
        super().__init__(attrs={"step": "0.01", "min": 0, "class": "number"})

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["prefix"] = settings.CURRENCY
        return context
