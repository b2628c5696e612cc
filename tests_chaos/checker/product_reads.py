"""What each answer shows of the products at that moment."""

import re
from decimal import Decimal

from .calls import money, pieces, short
from .product_model import Differs, Missing, OutOfBounds, Read, Shown, shown

UNKNOWN_PRODUCT = re.compile(r"There is no product (\d+)")


def reads_of(call, tags):
    """Yield the id of each product of which the answer shows something, and what it shows."""
    read = READS.get(call.route)
    if read and call.status:
        yield from read(call, tags)


def read_product(call, tags):
    if call.status == 200:
        yield call.pk, Read(shown(call.answer))
    elif call.status == 404:
        yield call.pk, Missing()
    elif call.status == 304 and (states := tags.named(call.pk, call.record.headers.get("If-None-Match"))):
        yield from ((call.pk, Read(state)) for state in states if len(states) == 1)


def read_list(call, tags):
    is_deleted = call.query.get("deleted", "").lower() in ("true", "1")
    if call.status == 200:
        yield from ((row["id"], Read(shown(row), is_deleted=is_deleted)) for row in call.answer)


def read_ledger(call, tags):
    """The newest row has the stock."""
    if call.status == 200 and call.answer and call.query.keys() <= {"page_size"}:
        yield call.pk, Read(Shown(quantity=call.answer[0]["balance"]), is_deleted=None)


def refused(call, tags):
    """What a refused change of one product shows."""
    if call.status == 404:
        yield call.pk, Missing(never_existed=call.route.endswith("/restore/"))
    elif call.status == 412 and (states := tags.named(call.pk, call.record.headers.get("If-Match"))) is not None:
        yield call.pk, Differs(states)
    elif call.code == "stock_out_of_bounds":
        yield call.pk, OutOfBounds(call.body["delta"])
    elif call.code == "not_deleted":
        yield call.pk, Read()


def refused_bulk(call, tags):
    yield from named_as_missing(call)
    if call.status != 409:
        return
    lines = {line["product"]: line for line in call.answer["items"]}
    for change in call.body["changes"]:
        pk, line = change["product"], lines.get(change["product"])
        if line:
            yield pk, Read(Shown(quantity=line["available"]))
            if "delta" in change:
                yield pk, OutOfBounds(change["delta"])
        elif "more" not in call.answer:
            yield pk, fits(change)


def fits(change):
    if "delta" in change:
        return OutOfBounds(change["delta"], is_refused=False)
    return Read(Shown(quantity=change.get("expected")))


def named_as_missing(call):
    if call.status == 400:
        yield from ((int(pk), Missing()) for pk in set(UNKNOWN_PRODUCT.findall(short(call.answer, 10_000))))


def refused_order(call, tags):
    yield from named_as_missing(call)
    if call.status != 409:
        return
    wanted = pieces(call.body["items"])
    if call.code == "out_of_stock":
        yield from stock_of(wanted, call.answer["items"], "more" in call.answer)
    elif call.code == "total_differs":
        price = Decimal(call.answer["total"]) / next(iter(wanted.values())) if len(wanted) == 1 else None
        yield from ((pk, Read(Shown(price=price and money(price)))) for pk in wanted)


def stock_of(wanted, short_lines, is_partial=False):
    """Yield what the short lines show, and that there was enough stock for the others."""
    available = {line["product"]: line["available"] for line in short_lines}
    for pk, quantity in wanted.items():
        if pk in available:
            # A line is short only if less was available: otherwise no state fits.
            is_short = available[pk] < quantity
            yield pk, Read(Shown(quantity=available[pk] if is_short else -1))
        elif not is_partial:
            yield pk, Read(at_least=quantity)


def read_preview(call, tags):
    yield from named_as_missing(call)
    if call.status == 200:
        yield from stock_of(pieces(call.body["items"]), call.answer["short"])
        for line in call.answer["items"]:
            yield line["product"], Read(Shown(line["name"], line["price"]))


READS = {
    "GET /api/products/{id}/": read_product,
    "GET /api/products/": read_list,
    "GET /api/products/{id}/stock/": read_ledger,
    "PUT /api/products/{id}/": refused,
    "PATCH /api/products/{id}/": refused,
    "DELETE /api/products/{id}/delete/": refused,
    "POST /api/products/{id}/restore/": refused,
    "POST /api/products/{id}/stock/": refused,
    "POST /api/products/stock/": refused_bulk,
    "POST /api/orders/": refused_order,
    "POST /api/orders/preview/": read_preview,
}
