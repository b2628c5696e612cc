"""Each product's ledger: the sum of its rows, and one row for every change that was acknowledged or read."""

from collections import Counter

from .calls import DONE, REFUSED, pieces

BOOK, BULK, UPDATE = (
    "POST /api/products/{id}/stock/",
    "POST /api/products/stock/",
    ("PUT /api/products/{id}/", "PATCH /api/products/{id}/"),
)


def check_ledgers(calls):
    if calls.ledger is None:
        return
    if calls.products is not None:
        yield from lost_products(calls)
        yield from wrong_creations(calls)
        yield from wrong_quantities(calls)
    yield from wrong_balances(calls)
    if calls.orders is not None and calls.events is not None:
        yield from wrong_order_rows(calls)
    yield from wrong_bookings(calls)
    yield from wrong_updates(calls)
    yield from unexplained(calls)


def lost_products(calls):
    for pk, call in calls.created.items():
        if pk not in calls.products:
            yield f"Product {pk} is neither in the list of products nor in the list of deleted products: {call}"
        if [row["kind"] for row in calls.ledger_by_product[pk]].count("created") != 1:
            yield f"The ledger of product {pk} does not have exactly one row `created`: {call}"


def wrong_creations(calls):
    """The load gives each new product a name of its own."""
    by_name = {}
    for pk, row in calls.products.items():
        by_name.setdefault(row["name"], []).append(pk)
    for call in calls.of("POST /api/products/create/"):
        found = set(by_name.get(call.body["name"].strip(), ()))
        if call.outcome == DONE and found - {call.answer["id"]}:
            yield f"This product was created more than once, with the ids {sorted(found)}: {call}"
        elif call.outcome == REFUSED and found:
            yield f"This product was refused but exists: {call}"
        elif len(found) > 1:
            yield f"This unanswered call created more than one product, with the ids {sorted(found)}: {call}"


def wrong_quantities(calls):
    for pk, product in calls.products.items():
        rows = calls.ledger_by_product[pk]
        total = sum(row["delta"] for row in rows)
        newest = rows[-1]["balance"] if rows else None
        if not product["quantity"] == total == newest:
            stock = f"quantity {product['quantity']}, sum of its ledger {total}, newest balance {newest}"
            yield f"The stock of product {pk} disagrees: {stock}."


def wrong_balances(calls):
    for rows in calls.ledger_by_product.values():
        balance = 0
        for row in rows:
            if row["balance"] != balance + row["delta"]:
                yield f"The balance of this row is not {balance} + {row['delta']}: {row}"
            balance = row["balance"]


def wrong_order_rows(calls):
    """The rows of orders agree one to one with the final orders and events."""
    expected, actual = Counter(rows_of_orders(calls)), Counter()
    for row in calls.ledger:
        if row["order"] is not None:
            actual[row["kind"], row["order"], row["product"], row["delta"]] += 1
    for (kind, order, product, delta), count in (expected - actual).items():
        yield f"The ledger lacks {count} row(s): product {product}, {kind} {delta}, order {order}."
    for (kind, order, product, delta), count in (actual - expected).items():
        yield f"The ledger has {count} row(s) too many: product {product}, {kind} {delta}, order {order}."


def rows_of_orders(calls):
    for pk, order in calls.orders.items():
        lines = pieces(order["items"]).items()
        yield from (("ordered", pk, product, -quantity) for product, quantity in lines)
        for event in calls.events_by_order[pk]:
            if event["action"] == "cancel":
                yield from (("cancelled", pk, product, quantity) for product, quantity in lines)
            elif event["action"] == "return":
                back = lines_back(event, order)
                yield from (("returned", pk, product, quantity) for product, quantity in back.items())


def lines_back(event, order):
    """Return what a return put back into stock: everything, if the event is from an earlier version without items."""
    if event["items"] is None:
        return pieces(order["items"])
    return pieces(line for line in event["items"] if line["restock"])


def wrong_bookings(calls):
    for call in calls.of(BOOK, BULK):
        note = call.body.get("note")
        if not note:
            continue
        rows = calls.ledger_by_note[note]
        for pk, least, most in expected_rows(call, calls):
            count = sum(is_row_of(row, call) for row in rows if row["product"] == pk)
            least = least if call.outcome == DONE else 0
            most = 0 if call.outcome == REFUSED else most
            if not least <= count <= most:
                yield f"The ledger of product {pk} has {count} row(s), not {least} to {most}, for this call: {call}"
        if call.outcome != DONE and 0 < len(rows) < sum(least for _, least, _ in expected_rows(call, calls)):
            yield f"Only a part of this call was carried out: {call}"


def expected_rows(call, calls):
    """Yield each product and how many rows it gets, at least and at most, if the call is carried out."""
    for change in changes_in(call):
        if "delta" in change or change.get("expected", change["quantity"]) != change["quantity"]:
            yield change["product"], 1, 1
        elif "expected" in change:
            yield change["product"], 0, 0
        else:
            yield change["product"], int(change["quantity"] not in calls.balances.get(change["product"], ())), 1


def changes_in(call):
    return call.body["changes"] if call.route == BULK else [{"product": call.pk, "delta": call.body["delta"]}]


def is_row_of(row, call):
    change = next(change for change in changes_in(call) if change["product"] == row["product"])
    if "delta" in change:
        return (row["kind"], row["delta"]) == ("adjusted", change["delta"])
    return (row["kind"], row["balance"]) == ("set", change["quantity"])


def wrong_updates(calls):
    """A PUT that sets the stock to a number that no other call uses has one row if it changes the stock."""
    sets = Counter((row["product"], row["balance"]) for row in calls.ledger if is_update(row))
    asked = [call for call in calls.of(*UPDATE) if "quantity" in call.body]
    same = Counter((call.pk, call.body["quantity"]) for call in asked)
    for call in asked:
        wanted = call.pk, call.body["quantity"]
        if same[wanted] > 1:
            continue
        if call.outcome == REFUSED and sets[wanted]:
            yield f"This change was refused and is in the ledger: {call}"
        elif sets[wanted] > 1:
            yield f"This change is in the ledger {sets[wanted]} times: {call}"
        elif call.outcome == DONE and not sets[wanted] and wanted[1] not in calls.balances.get(call.pk, ()):
            yield f"This acknowledged change is not in the ledger: {call}"


def is_update(row):
    return row["kind"] == "set" and not row["note"]


def unexplained(calls):
    """Every row of a product that the clients created belongs to a call."""
    sets = {(c.pk, c.body["quantity"]) for c in calls.of(*UPDATE) if "quantity" in c.body and c.outcome != REFUSED}
    bookings = {}
    for call in calls.of(BOOK, BULK):
        if call.outcome != REFUSED:
            bookings.setdefault(call.body.get("note", ""), []).append(call)
    for row in calls.ledger:
        is_booking = row["kind"] in ("adjusted", "set") and not (is_update(row) and explained_by(row, sets))
        if row["product"] in calls.created and is_booking and not booked(row, bookings):
            yield f"No call explains this row of the ledger: {row}"


def explained_by(row, sets):
    return (row["product"], row["balance"]) in sets


def booked(row, bookings):
    calls = bookings.get(row["note"], ())
    return any(row["product"] in [c["product"] for c in changes_in(call)] and is_row_of(row, call) for call in calls)
