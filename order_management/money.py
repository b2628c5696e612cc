"""Amounts as the database drivers give them, made what callers see."""


def money(value):
    """Return an amount as text; SQLite keeps it as a float, which is exact to far more than two places."""
    return f"{value:.2f}"


def money_of(quantity, value):
    """Return the same of several pieces, reckoned in whole cents."""
    cents = round(value * 100) * quantity
    return f"{cents // 100}.{cents % 100:02}"
