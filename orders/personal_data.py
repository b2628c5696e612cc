"""Reads everything that the shop keeps about a person, and erases their name. Orders and numbers stay."""

from collections import defaultdict

import orjson
from django.db.models import Q
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import IdempotencyKey
from accounts.personal_data import account_data, lock_person, replace_account
from order_management.api.json import JSONRenderer
from order_management.batches import batches
from order_management.db.transactions import atomic
from order_management.files.csv import BATCH
from products.personal_data import erase_ledger_notes, rename_imports, stock_data

from .models import Order, OrderEvent
from .serializers import lines_as_dicts


def personal_data(user):
    """Return everything that is kept about a user, as a dict for JSON."""
    return account_data(user) | order_data(user) | stock_data(user)


def order_data(user):
    """Return the user's own orders with their events, and what the user has done with the orders of others."""
    placed = orders_of(user).exclude(customer=user).exclude(note="").order_by("pk")
    return {
        "orders": own_orders(user),
        "notes_on_orders_of_others": list(placed.values("id", "note")),
        "steps_of_orders_of_others": events_as_dicts(OrderEvent.objects.filter(by=user).exclude(order__customer=user)),
    }


def own_orders(user):
    events = defaultdict(list)
    for event in events_as_dicts(OrderEvent.objects.filter(order__customer=user)):
        events[event.pop("order")].append(event)
    rows = batches(Order.objects.filter(customer=user).order_by("pk").rows(), BATCH)
    orders = [order._asdict() for batch in rows for order in Order.objects.with_lines(batch)]
    return [order | {"lines": lines_as_dicts(order["lines"]), "events": events[order["id"]]} for order in orders]


def events_as_dicts(events):
    rows = batches(events.order_by("pk").rows(), BATCH)
    return [event._asdict() for batch in rows for event in OrderEvent.objects.with_items(batch)]


def anonymise_user(username):
    """Erase the name, email, notes and sessions of a user; return the anonymous user who has their orders.

    Raise User.DoesNotExist, AlreadyAnonymised or LastAdmin, with nothing changed.
    """
    lock_out(username)
    return erase(username)


@atomic
def lock_out(username):
    """Refuse new calls by the user: a step of theirs locks its order before its author, and erase() the other way."""
    lock_person(username).set_access(is_active=False)


@atomic
def erase(username):
    user = lock_person(username)
    erase_notes(user)
    erase_ledger_notes(user)
    anonymous = replace_account(user)
    rename_imports(user.username, anonymous)
    rewrite_answers(orders_of(anonymous))
    return anonymous


def orders_of(user):
    """Return the orders of a user, and those that they placed for others as an Admin."""
    placed = OrderEvent.objects.filter(by=user, status=Order.Status.PENDING)
    return Order.objects.filter(Q(customer=user) | Q(pk__in=placed.values("order")))


def erase_notes(user):
    """Erase the notes that a user wrote, and those that others wrote on the user's orders, which may name them."""
    # Never earlier than before, as in Order.move_to().
    orders_of(user).update(note="", updated_at=Greatest("updated_at", timezone.now()))
    events = OrderEvent.objects.filter(Q(order__customer=user) | Q(by=user))
    events.exclude(note="").update(note="")


def rewrite_answers(orders):
    """Update the answers that are kept for retries and contain one of these orders, with its customer and note."""
    rows = orders.values_list("pk", "customer__username", "note")
    current = {pk: {"customer": name, "note": note} for pk, name, note in rows}
    outdated = {key: body for key, body in kept_answers() if body["id"] in current}
    for key, body in outdated.items():
        response = JSONRenderer().render(body | current[body["id"]]).decode()
        IdempotencyKey.objects.filter(pk=key).update(response=response)


def kept_answers():
    """Yield the key and the body of each answer that is kept and contains an order."""
    of_orders = Q(request=None) | Q(request__startswith="POST /api/orders/")
    kept = IdempotencyKey.objects.filter(of_orders).exclude(response="").values_list("pk", "response")
    return ((key, orjson.loads(response)) for key, response in kept.iterator())
