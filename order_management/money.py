"""Amounts of money: Decimals with two places inside, text for callers."""


def money(amount):
    """Return an amount as text: "1200.00"."""
    return f"{amount:.2f}"
