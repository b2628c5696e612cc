"""Callers see their own writes: an order that was acknowledged is in the next list that its caller reads.

Reads of a single product or order after a write are part of linearizability: see products.py and orders.py.
"""

from bisect import bisect_left

from .calls import DONE
from .orders import PLACE

NEWEST_FIRST = {"page_size"}  # the parameters of a list of all orders, newest first
MIXED = 500


def check_reads(calls):
    placed = placed_by_user(calls)
    for call in calls.of("GET /api/orders/"):
        if call.status == 200 and call.query.keys() <= NEWEST_FIRST:
            yield from missing_orders(call, placed.get(call.record.user, ()))


def placed_by_user(calls):
    """Return the acknowledged orders of each user, in order of their answers."""
    placed = {}
    for call in sorted((call for call in calls.of(PLACE) if call.outcome == DONE), key=lambda call: call.answered):
        placed.setdefault(call.record.user, []).append(call)
    return placed


def missing_orders(page, placed):
    """Yield the orders that the page lacks, unless it is full of newer ones."""
    shown = {row["id"] for row in page.answer}
    oldest = min((row["created_at"] for row in page.answer), default="")
    count = bisect_left(placed, page.asked, key=lambda call: call.answered)
    # Nodes whose clocks differ may mix up the order of the newest.
    first = count - len(page.answer) - MIXED if page.next_url else 0
    for call in reversed(placed[max(0, first) : count]):
        order = call.answer
        if page.next_url and order["created_at"] <= oldest:
            continue
        if order["id"] not in shown:
            yield f"The list lacks order {order['id']}, which its reader had placed: {page}"
            return
