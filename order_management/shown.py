"""Amounts and times as the database drivers give them, made what callers see."""

from datetime import UTC


def money(value):
    """Return an amount as text; SQLite keeps it as a float, which is exact to far more than two places."""
    return f"{value:.2f}"


def money_of(quantity, value):
    """Return the same of several pieces, reckoned in whole cents."""
    cents = round(value * 100) * quantity
    return f"{cents // 100}.{cents % 100:02}"


def moment(value):
    """Return a time with its zone; SQLite gives it in UTC and does not say so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value
