"""Every row read from a product's ledger or an order's events during the run is also in the final feeds."""

import json
from collections import defaultdict

from .calls import DONE
from .orders import PLACE, STEP_ROUTES

OWN_EVENTS, OWN_LEDGER = "GET /api/orders/{id}/events/", "GET /api/products/{id}/stock/"


def check_own_lists(calls):
    if calls.events is not None:
        yield from other_rows(calls.of(OWN_EVENTS), calls.events_by_order, ("id", "order"))
        yield from missing_events(calls)
    if calls.ledger is not None:
        yield from other_rows(calls.of(OWN_LEDGER), calls.ledger_by_product, ("product",))


def other_rows(pages, final, hidden):
    """Yield pages with a row that the feed does not have; `hidden` are the fields that only the feed shows."""
    known = {}
    for page in pages:
        if page.pk not in known:
            known[page.pk] = {text(row, hidden) for row in final[page.pk]}
        strange = [row for row in page.answer if text(row) not in known[page.pk]] if page.status == 200 else ()
        if strange:
            yield f"The final feed does not have the row {strange[0]}: {page}"


def text(row, hidden=()):
    return json.dumps({name: row[name] for name in row if name not in hidden}, sort_keys=True)


def missing_events(calls):
    """Yield complete lists of an order's events without a step that had been acknowledged before."""
    answered = defaultdict(list)
    for call in calls.of(PLACE, *STEP_ROUTES):
        if call.outcome == DONE:
            answered[call.answer["id"]].append(call.answered)
    for page in calls.of(OWN_EVENTS):
        if page.status == 200 and not page.next_url and "cursor" not in page.query:
            count = sum(moment < page.asked for moment in answered[page.pk])
            if len(page.answer) < count:
                yield f"{count} steps had been acknowledged before this list was read: {page}"
