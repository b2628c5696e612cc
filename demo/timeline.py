"""What happens in the demo shop, and when. It is random, but the same every time; nothing is written yet."""

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
    # Of Shop; called with the time and the arguments.
    method: Callable
    arguments: dict


class Step(NamedTuple):
    status: Order.Status
    # Since the previous step.
    min_hours: float
    max_hours: float
    notes: list
    by_customer: bool = False


CONFIRM = Step(Order.Status.CONFIRMED, 1, 14, data.CONFIRM_NOTES)
SHIP = Step(Order.Status.SHIPPED, 6, 40, data.SHIP_NOTES)
DELIVER = Step(Order.Status.DELIVERED, 20, 96, data.DELIVER_NOTES)
RETURN = Step(Order.Status.RETURNED, 48, 240, data.RETURN_NOTES)
CANCEL_BY_CUSTOMER = Step(Order.Status.CANCELLED, 0.1, 10, data.CUSTOMER_CANCEL_NOTES, by_customer=True)
CANCEL_BY_ADMIN = Step(Order.Status.CANCELLED, 24, 72, data.ADMIN_CANCEL_NOTES)
# The steps that orders take, and the share of orders that take them, in percent.
COURSES = [
    ([CONFIRM, SHIP, DELIVER], 82),
    ([CONFIRM, SHIP, DELIVER, RETURN], 7),
    ([CANCEL_BY_CUSTOMER], 7),
    ([CONFIRM, CANCEL_BY_ADMIN], 3),
    ([], 1),
]


def timeline(now):
    """Return the actions of the last 90 days until now, oldest first.

    On the same day they are always the same; later in the day there are more of them.
    """
    today = datetime.combine(now.astimezone(UTC), time.min, UTC)
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    rng = Random(DAYS)  # noqa: S311, not used for security
    opening_day, customers = days[0] - timedelta(days=1), registrations(rng, days)
    actions = [*opening(opening_day), *customers, *stock_changes(rng, days), *orders(rng, days, customers)]
    return sorted((action for action in actions if action.at < now), key=attrgetter("at"))


def opening(day):
    """Yield the actions that open the shop: its Admins register and its products are added."""
    start = day + timedelta(hours=8)
    for n, name in enumerate(data.ADMINS):
        yield Action(start + timedelta(minutes=n), Shop.register, {"name": name, "role": User.Role.ADMIN})
    for n, sample in enumerate(data.PRODUCTS, start=10):
        yield Action(start + timedelta(minutes=n), Shop.add_product, {"sample": sample, "by": data.ADMINS[0]})


def registrations(rng, days):
    """Return the registrations of customers: some before the first order, the others over time."""
    first = days[0] - timedelta(hours=8)
    early = [first + timedelta(minutes=23 * n) for n in range(EARLY_CUSTOMERS)]
    late = sorted(random_time(rng, rng.choice(days)) for _ in data.CUSTOMERS[EARLY_CUSTOMERS:])
    return [
        Action(at, Shop.register, {"name": name, "role": User.Role.CUSTOMER})
        for at, name in zip(early + late, data.CUSTOMERS, strict=True)
    ]


def stock_changes(rng, days):
    """Yield the deliveries, each supplier's on its own day of the week, and some damage."""
    for day in days:
        if day.weekday() < len(data.SUPPLIERS):
            arguments = {"samples": data.SUPPLIERS[day.weekday()], "by": rng.choice(data.ADMINS)}
            yield Action(day + timedelta(hours=8, minutes=30), Shop.restock, arguments)
    for sample in rng.sample(data.PRODUCTS, 8):
        at = office_time(random_time(rng, rng.choice(days)))
        yield Action(at, Shop.write_off, {"sample": sample, "by": rng.choice(data.ADMINS)})


def orders(rng, days, customers):
    """Yield the orders and their steps; there are more of them on weekends, and as time goes by."""
    times = [random_time(rng, day) for n, day in enumerate(days) for _ in range(order_count(rng, day, n / len(days)))]
    for number, at in enumerate(sorted(times)):
        registered = [customer.arguments["name"] for customer in customers if customer.at < at]
        # Some order more often than others.
        [customer] = rng.choices(registered, [1 / (n + 8) for n in range(len(registered))])
        note = rng.choice(data.ORDER_NOTES) if rng.random() < 0.15 else ""
        arguments = {"number": number, "customer": customer, "basket": basket(rng), "note": note}
        yield Action(at, Shop.order, arguments)
        yield from steps(rng, number, customer, at)


def order_count(rng, day, progress):
    """Return the number of orders on a day; `progress` grows from 0 to 1 over the days."""
    busy = 1.5 if day.weekday() >= 5 else 1
    return round((4 + 6 * progress) * busy * rng.uniform(0.7, 1.3))


def basket(rng):
    """Return quantities by product."""
    [size] = rng.choices([1, 2, 3, 4], [50, 28, 15, 7])
    samples = rng.choices(data.PRODUCTS, [sample.popularity for sample in data.PRODUCTS], k=size)
    return {sample: rng.choice([1, 1, 1, 2] if sample.price > 1000 else [1, 1, 2, 3, 4]) for sample in samples}


def steps(rng, number, customer, at):
    """Yield the steps of an order that is placed at this time."""
    [course] = rng.choices([course for course, _ in COURSES], [share for _, share in COURSES])
    for step in course:
        at += timedelta(hours=rng.uniform(step.min_hours, step.max_hours))
        if not step.by_customer:
            at = office_time(at)
        by = customer if step.by_customer else rng.choice(data.ADMINS)
        arguments = {"number": number, "status": step.status, "by": by, "note": rng.choice(step.notes)}
        yield Action(at, Shop.take_step, arguments)


def random_time(rng, day):
    """Return a time on this day, most likely in the evening."""
    return day + timedelta(hours=rng.triangular(6, 23.9, 19))


def office_time(at):
    """Return this time if it is within office hours, else when they next begin."""
    if at.hour in OFFICE_HOURS:
        return at
    return at.replace(hour=OFFICE_HOURS.start) + timedelta(days=at.hour >= OFFICE_HOURS.stop)
