"""How each call changes the products."""

from .calls import DONE, UNKNOWN, money, pieces
from .ledger_rows import placed, row_of
from .product_model import ANY, Add, Create, Delete, Product, Restore, Shown, Update, shown
from .returns import given_back


def changes_of(call, calls, tags):
    """Yield the id of each product that the call changed, or may have changed, and how."""
    change = CHANGES.get(call.route)
    if change and (call.outcome == DONE or (call.outcome == UNKNOWN and may_be_done(call, calls))):
        yield from change(call, calls, tags)


def may_be_done(call, calls):
    """Return whether an unanswered change may have been made, as far as the final reading tells."""
    note = call.body.get("note")
    if call.pk and "quantity" in call.body and calls.ledger is not None:
        return call.body["quantity"] in calls.balances.get(call.pk, ())
    if not note:
        return True
    if call.route == "POST /api/orders/":
        return calls.orders is None or note in calls.orders_by_note
    if call.route.startswith("POST /api/orders/"):
        return calls.events is None or note in calls.events_by_note
    return calls.ledger is None or note in calls.ledger_by_note


def balance(call, pk, calls):
    """Return the stock after the change, as the ledger has it, or None."""
    row = row_of(call, pk, calls)
    return row and row["balance"]


def stock_before(call, pk, calls, if_match):
    """Return the states in which a count was possible: those of If-Match, with the stock that the ledger has."""
    row = row_of(call, pk, calls)
    if row is None:
        return if_match
    quantity = row["balance"] - row["delta"]
    states = (ANY,) if if_match is None else if_match
    return tuple(state._replace(quantity=quantity) for state in states if state.quantity in (None, quantity))


def create(call, calls, tags):
    pk = calls.created_by.get(call)
    if pk:
        row = call.answer if call.outcome == DONE else call.body
        yield pk, Create(Product(row["name"].strip(), money(row["price"]), int(row["quantity"])))


def update(call, calls, tags):
    price = call.body.get("price")
    fields = Shown(name_of(call), None if price is None else money(price), call.body.get("quantity"))
    if_match = named_by_if_match(call, tags)
    yield call.pk, Update(fields, after(call), stock_before(call, call.pk, calls, if_match))


def name_of(call):
    return call.body["name"].strip() if "name" in call.body else None


def after(call):
    return shown(call.answer) if call.outcome == DONE else ANY


def named_by_if_match(call, tags):
    return tags.named(call.pk, call.record.headers.get("If-Match"))


def delete(call, calls, tags):
    yield call.pk, Delete(named_by_if_match(call, tags))


def restore(call, calls, tags):
    yield call.pk, Restore(after(call))


def book(call, calls, tags):
    result = after(call) if call.outcome == DONE else Shown(quantity=balance(call, call.pk, calls))
    yield call.pk, Add(call.body["delta"], result, named_by_if_match(call, tags))


def book_several(call, calls, tags):
    rows = {row["id"]: shown(row) for row in call.answer} if call.outcome == DONE else {}
    for change in call.body["changes"]:
        pk = change["product"]
        result = rows.get(pk) or Shown(quantity=balance(call, pk, calls))
        expected = (Shown(quantity=change["expected"]),) if "expected" in change else None
        if "delta" in change:
            yield pk, Add(change["delta"], result)
        else:
            before = stock_before(call, pk, calls, expected)
            yield pk, Update(Shown(quantity=change["quantity"]), result, before)


def place(call, calls, tags):
    if order := placed(call, calls):
        for line in order["items"]:
            pk = line["product"]
            yield pk, Add(-line["quantity"], Shown(line["name"], line["price"], balance(call, pk, calls)))
    else:
        yield from ((pk, Add(-quantity)) for pk, quantity in pieces(call.body["items"]).items())


def give_back(call, calls, tags):
    for pk, quantity in given_back(call, calls).items():
        yield pk, Add(quantity, Shown(quantity=balance(call, pk, calls)), even_if_deleted=True)


CHANGES = {
    "POST /api/products/create/": create,
    "PUT /api/products/{id}/": update,
    "PATCH /api/products/{id}/": update,
    "DELETE /api/products/{id}/delete/": delete,
    "POST /api/products/{id}/restore/": restore,
    "POST /api/products/{id}/stock/": book,
    "POST /api/products/stock/": book_several,
    "POST /api/orders/": place,
    "POST /api/orders/{id}/cancel/": give_back,
    "POST /api/orders/{id}/return/": give_back,
}
