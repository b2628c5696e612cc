"""Records of calls of one product, the bat, and what the checker says of them."""

from tests_chaos.checker.final import Calls
from tests_chaos.checker.products import check_products
from tests_chaos.records import Attempt, History, Record

BEFORE, AFTER = (2, 3), (6, 7)  # when a call was made


def bat(quantity, name="Bat", price="1200.00"):
    return {"id": 1, "name": name, "price": price, "quantity": quantity}


def call(method, path, body=None, answer=None, *, at, status=200, lost=(), **headers):
    tag = {"etag": tag_of(answer)} if isinstance(answer, dict) and "price" in answer else {}
    attempts = [Attempt(*attempt, None) for attempt in lost]
    attempts += [Attempt(*at, status)] if at else []
    return Record("client", "anna", method, f"/api/{path}", body, headers, attempts, at and status, answer, tag)


def tag_of(row):
    return f'"{row["name"]} {row["price"]} {row["quantity"]}"'


def created(quantity):
    return call("POST", "products/create/", bat(quantity), bat(quantity), at=(0, 1), status=201)


def read(quantity, at, **fields):
    return call("GET", "products/1/", None, bat(quantity, **fields), at=at)


def listed(quantity, at):
    return call("GET", "products/", None, [bat(quantity)], at=at)


def ledger(balance, at):
    return call("GET", "products/1/stock/", None, [{"balance": balance}], at=at)


def not_found(at):
    return call("GET", "products/1/", None, {"code": "not_found"}, at=at, status=404)


def lines(quantity):
    return {"items": [{"product": 1, "quantity": quantity}]}


def ordered(quantity, at, pk=1, price="1200.00", **more):
    line = {"product": 1, "name": "Bat", "price": price, "quantity": quantity, "returned": 0}
    return call("POST", "orders/", lines(quantity), {"id": pk, "items": [line]}, at=at, status=201, **more)


def order_refused(quantity, available, at, **more):
    short = {"product": 1, "requested": quantity, "available": available}
    return call(
        "POST", "orders/", lines(quantity), {"code": "out_of_stock", "items": [short]}, at=at, status=409, **more
    )


def order_lost(quantity, lost):
    return call("POST", "orders/", lines(quantity), at=None, lost=[lost])


def order_failed(quantity, at):
    return call("POST", "orders/", lines(quantity), {"code": "error"}, at=at, status=500)


def booked(delta, quantity, at, **headers):
    return call("POST", "products/1/stock/", {"delta": delta}, bat(quantity), at=at, **headers)


def updated(body, answer, at, **headers):
    return call("PUT", "products/1/", body, answer, at=at, **headers)


def refused(status, code, at, method="PUT", path="products/1/", body=None, **headers):
    return call(method, path, body or {"quantity": 3}, {"code": code}, at=at, status=status, **headers)


def deleted(at):
    return call("DELETE", "products/1/delete/", None, {"message": "Product deleted"}, at=at)


def restored(quantity, at):
    return call("POST", "products/1/restore/", None, bat(quantity), at=at)


def bulk(answer, status, at, *changes):
    return call("POST", "products/stock/", {"changes": list(changes)}, answer, at=at, status=status)


def errors(*records):
    return list(check_products(Calls(History(list(records)))))
