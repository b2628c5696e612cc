"""A correct shop in memory: it answers as the documentation says, one call after the other."""

import base64
import json
from collections import Counter
from decimal import Decimal

from tests_chaos.checker.order_model import STEPS

from .products_of_shop import ADMIN, ProductsOfShop, Refusal

BACK = {"cancel": "cancelled", "return": "returned"}


class Shop(ProductsOfShop):
    # Orders

    def lines(self, body):
        wanted = Counter()
        for line in body["items"]:
            wanted[line["product"]] += line["quantity"]
        self.refuse_unknown(wanted)
        return [self.line(pk, quantity) for pk, quantity in wanted.items()]

    def line(self, pk, quantity):
        row = self.products[pk]
        subtotal = str(Decimal(row["price"]) * quantity)
        line = {"product": pk, "name": row["name"], "price": row["price"], "quantity": quantity}
        return line | {"returned": 0, "subtotal": subtotal}

    def short(self, lines):
        for line in lines:
            pk, available = line["product"], self.products[line["product"]]["quantity"]
            if available < line["quantity"]:
                yield {"product": pk, "requested": line["quantity"], "available": available}

    def post_orders_preview(self, body):
        lines = self.lines(body)
        return {"items": lines, "total": total(lines), "short": list(self.short(lines))}

    def post_orders(self, body):
        lines = self.lines(body)
        if body.get("expected_total", total(lines)) != total(lines):
            raise Refusal(409, detail="The total differs.", code="total_differs", total=total(lines))
        if short := list(self.short(lines)):
            raise Refusal(409, detail="Not enough stock.", code="out_of_stock", items=short)
        pk = len(self.orders) + 1
        known = {"id": pk, "customer": self.user, "status": "pending", "items": lines, "total": total(lines)}
        times = {"created_at": self.time(), "updated_at": self.time()}
        self.orders[pk] = known | {"note": body["note"], "allowed_actions": ["cancel"], **times}
        for line in lines:
            self.change("ordered", line["product"], -line["quantity"], order=pk)
        self.happened(self.orders[pk], "place", "")
        return self.orders[pk]

    def happened(self, order, action, note, items=None):
        row = {"status": order["status"], "by": self.user, "note": note, "created_at": self.time(), "action": action}
        self.events.append({"id": next(self.ids), "order": order["id"], **row, "items": items})

    def step(self, pk, action, body):
        order = self.orders[pk]
        if order["status"] not in STEPS[action]:
            raise Refusal(409, detail="Illegal.", code="illegal_step")
        back = self.back(order, body) if action in BACK else []
        for line in back:
            if line["restock"]:
                self.change(BACK[action], line["product"], line["quantity"], order=pk)
        is_part = action == "return" and any(line["quantity"] > line["returned"] for line in order["items"])
        order["status"] = order["status"] if is_part else STEPS[action][order["status"]]
        self.happened(order, action, body["note"], back if action == "return" else None)
        return order

    def back(self, order, body):
        left = {line["product"]: line["quantity"] - line["returned"] for line in order["items"]}
        wanted = {line["product"]: line["quantity"] for line in body.get("items", ())} or left
        refused = [
            {"product": pk, "requested": quantity, "returnable": left[pk]}
            for pk, quantity in wanted.items()
            if quantity > left[pk]
        ]
        if refused:
            raise Refusal(409, detail="Too many.", code="not_returnable", items=refused)
        for line in order["items"]:
            line["returned"] += wanted.get(line["product"], 0) * (order["status"] == "delivered")
        restock = body.get("restock", True)
        return [{"product": pk, "quantity": wanted[pk], "restock": restock} for pk in wanted if wanted[pk]]

    def post_orders_confirm_one(self, pk, body):
        return self.step(pk, "confirm", body)

    def post_orders_ship_one(self, pk, body):
        return self.step(pk, "ship", body)

    def post_orders_deliver_one(self, pk, body):
        return self.step(pk, "deliver", body)

    def post_orders_cancel_one(self, pk, body):
        return self.step(pk, "cancel", body)

    def post_orders_return_one(self, pk, body):
        return self.step(pk, "return", body)

    def get_orders(self, query):
        mine = [order for order in reversed(self.orders.values()) if self.user in (ADMIN, order["customer"])]
        size = int(query["page_size"])
        link = '<http://shop/api/orders/?cursor=x>; rel="next"' if len(mine) > size else ""
        return mine[:size], {"link": link}

    def get_orders_one(self, pk, _):
        return self.orders[pk]

    def get_orders_events(self, query):
        return self.page(self.events, "/api/orders/events/", query)

    def get_reports_sales(self, query):
        sold = [order for order in self.orders.values() if order["status"] not in BACK.values()]
        days = sorted({query["from"], query["to"]})
        by_day = [
            {"date": day, **figures([order for order in sold if order["created_at"].startswith(day)])} for day in days
        ]
        kept = Counter()
        earned = Counter()
        for order in sold:
            for line in order["items"]:
                kept[line["product"]] += line["quantity"] - line["returned"]
                earned[line["product"]] += Decimal(line["price"]) * (line["quantity"] - line["returned"])
        top = [
            {"product": pk, "name": self.products[pk]["name"], "quantity": kept[pk], "revenue": str(earned[pk])}
            for pk in sorted(+kept, key=lambda pk: -earned[pk])[:10]
        ]
        return {**query, **figures(sold), "by_day": by_day, "top_products": top}

    # Sessions

    def post_login(self, body):
        return self.tokens()

    def post_login_refresh(self, body):
        if body["refresh"] in self.spent:
            raise Refusal(401, detail="Token is invalid or expired.", code="token_not_valid")
        self.spent.add(body["refresh"])
        return self.tokens()

    def tokens(self):
        claims = {"iat": 0, "exp": 900, "user_id": "7", "jti": next(self.ids)}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return {"access": f"e30.{payload}.s", "refresh": f"refresh{next(self.ids)}"}

    def post_logout(self, body):
        self.post_login_refresh(body)
        return {"message": "Logged out"}


def total(lines):
    return str(sum((Decimal(line["subtotal"]) for line in lines), start=Decimal("0.00")))


def figures(orders):
    kept = [Decimal(line["price"]) * (line["quantity"] - line["returned"]) for o in orders for line in o["items"]]
    return {"orders": len(orders), "revenue": str(sum(kept, start=Decimal("0.00")))}
