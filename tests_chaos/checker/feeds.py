"""The feeds: what each follower read is what the whole feed says, without a hole and without a row twice."""

from collections import Counter, defaultdict

from .calls import DONE
from .final import EVENTS, STOCK
from .ledgers import BOOK, BULK
from .order_model import STEPS
from .orders import PLACE, STEP_ROUTES


def check_feeds(calls):
    for route in (EVENTS, STOCK):
        whole = calls.rows(route)
        if whole is not None:
            yield from repeated(whole, f"The whole feed {route}")
            for client, pages in followers(calls, route).items():
                yield from compare(client, pages, whole, calls)
    if calls.events is not None:
        yield from illegal_events(calls)
        yield from other_events(calls)


def followers(calls, route):
    """Return the pages of each follower, in order of time."""
    pages = defaultdict(list)
    for call in calls.by_route[route]:
        if call.record.client.startswith("follower") and not call.is_final:
            pages[call.record.client].append(call)
    return pages


def repeated(rows, where):
    counts = Counter(row["id"] for row in rows)
    yield from (f"{where} has row {pk} {count} times." for pk, count in counts.items() if count > 1)


def compare(client, pages, whole, calls):
    """A follower has read a stretch of the whole feed: from its beginning, or with `start=latest` from some row on."""
    answered = [page for page in pages if page.status == 200]
    for page in pages:
        if page.status == 400:
            yield f"The cursor of {client} was refused: {page}"
        elif page.status == 200 and not page.next_url:
            yield f"A page of {client} has no link to the next one: {page}"
    rows = [row for page in answered for row in page.answer]
    yield from repeated(rows, client)
    if not answered:
        return
    start = first_row(answered[0], rows, whole, calls)
    for number, row in enumerate(rows):
        expected = whole[start + number] if start + number < len(whole) else None
        if row != expected:
            yield f"{client} read {row} where the whole feed has {expected}."
            return


def first_row(first_page, rows, whole, calls):
    """Return where in the whole feed a follower has to begin."""
    if first_page.query.get("start") != "latest":
        return 0
    later = starts_later(first_page, calls)
    latest = next((number for number, row in enumerate(whole) if key_of(row) in later), len(whole))
    ids = [row["id"] for row in whole[: latest + 1]]
    return ids.index(rows[0]["id"]) if rows and rows[0]["id"] in ids else latest


def starts_later(page, calls):
    """Return the keys of rows whose calls began after the page was answered; see `key_of`."""
    later = [call for call in calls.of(PLACE, BOOK, BULK, *STEP_ROUTES) if began_later(call, page)]
    return {key for call in later for key in keys_of(call)}


def keys_of(call):
    if call.route == PLACE:
        yield from (("place", call.answer["id"]), ("ordered", call.answer["id"]))
    elif note := call.body.get("note"):
        yield note
    if call.route.endswith("/cancel/"):
        yield "cancelled", call.pk


def began_later(call, page):
    return call.outcome == DONE and call.began > page.answered


def key_of(row):
    """Return what identifies the call that wrote a row: its note, or what happened to which order."""
    what = row.get("action") or row["kind"]
    return (what, row["order"]) if what in ("place", "ordered", "cancelled") else row["note"]


def illegal_events(calls):
    """The events of an order are in an order in which its steps can be taken."""
    for pk, rows in calls.events_by_order.items():
        status = None
        for row in rows:
            if not is_legal(status, row):
                yield f"Order {pk} has an illegal {row['action']} from {status} to {row['status']}: {row}"
                break
            status = row["status"]


def is_legal(status, row):
    if row["action"] == "place":
        return (status, row["status"]) == (None, "pending")
    following = STEPS.get(row["action"], {}).get(status)
    is_part = row["action"] == "return" and row["status"] == status == "delivered"
    return is_part or (following is not None and following == row["status"])


def other_events(calls):
    """The feed says the same as each order's own list, and as its status and lines."""
    own = defaultdict(list)
    for page in calls.read("GET /api/orders/{id}/events/"):
        own[page.pk] += page.answer
    for pk, rows in own.items():
        feed = [{name: row[name] for name in row if name not in ("id", "order")} for row in calls.events_by_order[pk]]
        if feed != rows:
            yield f"The events of order {pk} are {rows}, but {feed} in the feed."
    for pk, order in (calls.orders or {}).items():
        rows = calls.events_by_order[pk]
        if rows and rows[-1]["status"] != order["status"]:
            yield f"Order {pk} is {order['status']}, but its last event is {rows[-1]}."
        yield from wrong_returns(order, rows)


def wrong_returns(order, rows):
    returns = [row["items"] for row in rows if row["action"] == "return"]
    if None in returns:
        return
    back = Counter()
    for items in returns:
        for line in items:
            back[line["product"]] += line["quantity"]
    shown = Counter({line["product"]: line["returned"] for line in order["items"]})
    if +shown != back:
        yield f"Order {order['id']} says that {dict(+shown)} came back, but its events say {dict(back)}."
