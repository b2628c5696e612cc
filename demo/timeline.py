"""What happens in the demo shop, and when: the same every time, and nothing is written yet."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from random import Random
from typing import NamedTuple

from accounts.models import User
from orders.models import Order

from . import data
from .shop import Shop

DAYS = 90
EARLY_CUSTOMERS = 10
OFFICE_HOURS = range(8, 18)


class Action(NamedTuple):
    at: datetime
    # A method of the shop, and what it is told.
    do: Callable
    details: dict


class Step(NamedTuple):
    status: Order.Status
    # It is taken so many hours after the step before.
    least: float
    most: float
    notes: list
    by_customer: bool = False


CONFIRM = Step(Order.Status.CONFIRMED, 1, 14, data.CONFIRM_NOTES)
SHIP = Step(Order.Status.SHIPPED, 6, 40, data.SHIP_NOTES)
DELIVER = Step(Order.Status.DELIVERED, 20, 96, data.DELIVER_NOTES)
RETURN = Step(Order.Status.RETURNED, 48, 240, data.RETURN_NOTES)
REGRET = Step(Order.Status.CANCELLED, 0.1, 10, data.REGRET_NOTES, by_customer=True)
REFUSE = Step(Order.Status.CANCELLED, 24, 72, data.REFUSE_NOTES)
# What becomes of an order, and of how many in a hundred.
FATES = [
    ([CONFIRM, SHIP, DELIVER], 82),
    ([CONFIRM, SHIP, DELIVER, RETURN], 7),
    ([REGRET], 7),
    ([CONFIRM, REFUSE], 3),
    ([], 1),
]


def timeline(now):
    """Return what has happened until now, in order of time: of the same day always the same, as far as it has come."""
    today = datetime.combine(now.astimezone(UTC), time.min, UTC)
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    rng = Random(DAYS)  # noqa: S311, it guards nothing
    opening, customers = days[0] - timedelta(days=1), joining(rng, days)
    actions = [*staff_and_offers(opening), *customers, *stock_keeping(rng, days), *orders(rng, days, customers)]
    return sorted((action for action in actions if action.at < now), key=attrgetter("at"))


def staff_and_offers(day):
    """Yield what it takes to open the shop."""
    start = day + timedelta(hours=8)
    for n, name in enumerate(data.ADMINS):
        yield Action(start + timedelta(minutes=n), Shop.join, {"name": name, "role": User.Role.ADMIN})
    for n, article in enumerate(data.ARTICLES, start=10):
        yield Action(start + timedelta(minutes=n), Shop.offer, {"article": article, "by": data.ADMINS[0]})


def joining(rng, days):
    """Return the registrations: some before the first order, the others by and by."""
    opening = days[0] - timedelta(hours=8)
    early = [opening + timedelta(minutes=23 * n) for n in range(EARLY_CUSTOMERS)]
    late = sorted(some_time(rng, rng.choice(days)) for _ in data.CUSTOMERS[EARLY_CUSTOMERS:])
    return [
        Action(at, Shop.join, {"name": name, "role": User.Role.CUSTOMER})
        for at, name in zip(early + late, data.CUSTOMERS, strict=True)
    ]


def stock_keeping(rng, days):
    """Yield the deliveries, each supplier's on its day of the week, and a few accidents."""
    for day in days:
        if day.weekday() < len(data.SUPPLIED):
            details = {"articles": data.SUPPLIED[day.weekday()], "by": rng.choice(data.ADMINS)}
            yield Action(day + timedelta(hours=8, minutes=30), Shop.deliver, details)
    for article in rng.sample(data.ARTICLES, 8):
        at = in_office(some_time(rng, rng.choice(days)))
        yield Action(at, Shop.damage, {"article": article, "by": rng.choice(data.ADMINS)})


def orders(rng, days, customers):
    """Yield the orders and their steps; there are more of them as time goes by, and on weekends."""
    times = [some_time(rng, day) for n, day in enumerate(days) for _ in range(orders_on(rng, day, n / len(days)))]
    for number, at in enumerate(sorted(times)):
        known = [customer.details["name"] for customer in customers if customer.at < at]
        # Some come back often.
        [customer] = rng.choices(known, [1 / (n + 8) for n in range(len(known))])
        note = rng.choice(data.ORDER_NOTES) if rng.random() < 0.15 else ""
        details = {"number": number, "customer": customer, "basket": basket(rng), "note": note}
        yield Action(at, Shop.order, details)
        yield from steps(rng, number, customer, at)


def orders_on(rng, day, progress):
    busy = 1.5 if day.weekday() >= 5 else 1
    return round((4 + 6 * progress) * busy * rng.uniform(0.7, 1.3))


def basket(rng):
    [size] = rng.choices([1, 2, 3, 4], [50, 28, 15, 7])
    articles = rng.choices(data.ARTICLES, [article.popularity for article in data.ARTICLES], k=size)
    return {article: rng.choice([1, 1, 1, 2] if article.price > 1000 else [1, 1, 2, 3, 4]) for article in articles}


def steps(rng, number, customer, at):
    """Yield what becomes of an order that is placed at a time."""
    [fate] = rng.choices([fate for fate, _ in FATES], [share for _, share in FATES])
    for step in fate:
        at += timedelta(hours=rng.uniform(step.least, step.most))
        if not step.by_customer:
            at = in_office(at)
        by = customer if step.by_customer else rng.choice(data.ADMINS)
        yield Action(at, Shop.step, {"number": number, "status": step.status, "by": by, "note": rng.choice(step.notes)})


def some_time(rng, day):
    """Return a time of the day, most likely in the evening."""
    return day + timedelta(hours=rng.triangular(6, 23.9, 19))


def in_office(at):
    """Return the time, or the next one at which somebody works."""
    if at.hour in OFFICE_HOURS:
        return at
    return at.replace(hour=OFFICE_HOURS.start) + timedelta(days=at.hour >= OFFICE_HOURS.stop)
