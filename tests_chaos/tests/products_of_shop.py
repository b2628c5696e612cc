"""The products of a correct shop in memory, and how it answers any call."""

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

ADMIN, START = "anna", datetime(2026, 11, 28, 23, 59, tzinfo=UTC)


class Refusal(Exception):
    def __init__(self, status, **answer):
        super().__init__(status, answer)


class ProductsOfShop:
    def __init__(self):
        self.products, self.deleted, self.orders = {}, set(), {}
        self.events, self.ledger, self.answers = [], [], {}
        self.ids, self.now, self.spent = itertools.count(1), 0.0, set()

    def call(self, method, path, body, headers, user, now):
        """Return status, answer and headers, as of a call that takes effect now."""
        self.now, self.user, self.headers = now, user, headers
        key = user, headers.get("Idempotency-Key")
        if key[1] and key in self.answers:
            return self.answers[key]
        try:
            answered = self.carry_out(method, urlsplit(path), body or {})
        except Refusal as refusal:
            return *refusal.args, {}
        if method != "GET" and not path.endswith("/preview/"):
            self.answers[key] = answered
        return answered

    def carry_out(self, method, url, body):
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        pk = re.search(r"/(\d+)/", url.path)
        template = re.sub(r"/\d+/", "/", url.path).removeprefix("/api/").strip("/").replace("/", "_")
        answer = getattr(self, f"{method.lower()}_{template}{'_one' if pk else ''}")
        status, found, headers = 201 if template in ("products_create", "orders") and body else 200, None, {}
        found = answer(*([int(pk[1])] if pk else []), body or query)
        if isinstance(found, tuple):
            found, headers = found
        if isinstance(found, dict) and "price" in found:
            headers = {"etag": tag(found)}
        return status, json.loads(json.dumps(found)), headers

    # Products

    def product(self, pk):
        if pk not in self.products or pk in self.deleted:
            raise Refusal(404, detail="Not found.", code="not_found")
        wanted = self.headers.get("If-Match")
        if wanted and wanted != tag(self.products[pk]):
            raise Refusal(412, detail="It has changed.", code="precondition_failed")
        return self.products[pk]

    def change(self, kind, pk, delta, note="", order=None):
        row = self.products[pk]
        row["quantity"] += delta
        known = {"id": next(self.ids), "kind": kind, "delta": delta, "balance": row["quantity"], "order": order}
        self.ledger.append(known | {"by": self.user, "note": note, "created_at": self.time(), "product": pk})

    def time(self):
        return (START + timedelta(seconds=self.now)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def post_products_create(self, body):
        pk = len(self.products) + 1
        self.products[pk] = {"id": pk, **body, "quantity": 0}
        self.change("created", pk, body["quantity"])
        return self.products[pk]

    def get_products(self, query):
        wanted = query.get("deleted") == "true"
        return [row for pk, row in self.products.items() if (pk in self.deleted) == wanted]

    def get_products_one(self, pk, _):
        return self.product(pk)

    def put_products_one(self, pk, body):
        row = self.product(pk)
        row.update({name: body[name] for name in ("name", "price") if name in body})
        self.count(pk, body.get("quantity", row["quantity"]), "")
        return row

    def count(self, pk, quantity, note):
        if delta := quantity - self.products[pk]["quantity"]:
            self.change("set", pk, delta, note)

    def delete_products_delete_one(self, pk, _):
        self.product(pk)
        self.deleted.add(pk)
        return {"message": "Product deleted"}

    def post_products_restore_one(self, pk, _):
        if pk not in self.deleted:
            raise Refusal(409, detail="The product is not deleted.", code="not_deleted")
        self.deleted.remove(pk)
        return self.products[pk]

    def post_products_stock_one(self, pk, body):
        if self.product(pk)["quantity"] + body["delta"] < 0:
            raise Refusal(409, detail="The stock must stay positive.", code="stock_out_of_bounds")
        self.change("adjusted", pk, body["delta"], body["note"])
        return self.products[pk]

    def post_products_stock(self, body):
        self.refuse_unknown(change["product"] for change in body["changes"])
        refused = [line for change in body["changes"] for line in self.refused(change)]
        if refused:
            code = "stock_differs" if any("expected" in line for line in refused) else "stock_out_of_bounds"
            raise Refusal(409, detail="Refused.", code=code, items=refused)
        for change in body["changes"]:
            if "delta" in change:
                self.change("adjusted", change["product"], change["delta"], body["note"])
            else:
                self.count(change["product"], change["quantity"], body["note"])
        return [self.products[change["product"]] for change in body["changes"]]

    def refused(self, change):
        available = self.products[change["product"]]["quantity"]
        if change.get("expected", available) != available:
            yield {"product": change["product"], "expected": change["expected"], "available": available}
        elif available + change.get("delta", 0) < 0:
            yield {"product": change["product"], "requested": change["delta"], "available": available}

    def refuse_unknown(self, products):
        unknown = [f"There is no product {pk}." for pk in products if pk in self.deleted or pk not in self.products]
        if unknown:
            raise Refusal(400, items=unknown)

    def get_products_stock(self, query):
        return self.page(self.ledger, "/api/products/stock/", query)

    def page(self, rows, path, query):
        end = len(rows) if query.get("start") == "latest" else int(query.get("cursor", 0)) + int(query["page_size"])
        start = end if "start" in query else int(query.get("cursor", 0))
        end = min(end, len(rows))
        url = f"http://shop{path}?cursor={end}&page_size={query['page_size']}"
        return rows[start:end], {"link": f'<{url}>; rel="next"'}


def tag(row):
    return f'"{row["name"]} {row["price"]} {row["quantity"]}"'
