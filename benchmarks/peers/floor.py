"""The floor: the same work in a bare WSGI application, with PyJWT, sqlite3 and orjson on this project's server.

It shows the least that Python, SQLite and a JSON encoder cost. Nobody would want to maintain it.

    python -m benchmarks.peers.floor
    granian --interface wsgi --http 1 --workers 1 --blocking-threads 2 benchmarks.peers.floor:application
"""

import os
import re
import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import jwt
import orjson
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

PATH = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
KEY = os.environ["SECRET_KEY"]
SCHEMA = """
CREATE TABLE user (id INTEGER PRIMARY KEY, username TEXT UNIQUE, password TEXT, is_admin INTEGER, is_active INTEGER);
CREATE TABLE refresh_token (jti TEXT PRIMARY KEY, user INTEGER, expires_at INTEGER);
CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT, price INTEGER, quantity INTEGER CHECK (quantity >= 0));
CREATE TABLE movement (id INTEGER PRIMARY KEY, product INTEGER, kind TEXT, delta INTEGER, balance INTEGER,
    "order" INTEGER, by INTEGER, note TEXT DEFAULT '', created_at TEXT);
CREATE INDEX ledger ON movement (product, id);
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, total INTEGER, note TEXT, created_at TEXT,
    updated_at TEXT);
CREATE INDEX of_customer ON "order" (customer, created_at, id);
CREATE TABLE line (id INTEGER PRIMARY KEY, "order" INTEGER, product INTEGER, name TEXT, price INTEGER,
    quantity INTEGER, returned INTEGER);
CREATE INDEX of_order ON line ("order");
CREATE TABLE event (id INTEGER PRIMARY KEY, "order" INTEGER, status TEXT, by INTEGER, note TEXT, created_at TEXT);
"""
STATUS = {200: "200 OK", 201: "201 Created", 400: "400 Bad Request", 401: "401 Unauthorized", 403: "403 Forbidden"}
STATUS |= {404: "404 Not Found", 409: "409 Conflict"}

hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
local = threading.local()


class Refused(Exception):
    def __init__(self, status, detail):
        self.status, self.body = status, {"detail": detail}


def database():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(PATH, timeout=20, isolation_level=None, cached_statements=256)
        local.connection.execute("PRAGMA journal_mode=WAL")
        local.connection.execute("PRAGMA synchronous=FULL")
    return local.connection


@contextmanager
def transaction():
    connection = database()
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def now():
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def money(cents):
    return f"{cents // 100}.{cents % 100:02}"


def cents(value, most=99999999_99):
    if not re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", str(value)):
        raise Refused(400, "A price has at most two decimal places.")
    amount = int(Decimal(str(value)) * 100)
    if amount > most:
        raise Refused(400, "This amount is too large.")
    return amount


def whole(value, least, most):
    if type(value) is not int or not least <= value <= most:
        raise Refused(400, f"Must be an integer from {least} to {most}.")
    return value


def named(value):
    if type(value) is not str or not 1 <= len(value.strip()) <= 100:
        raise Refused(400, "A name must have 1 to 100 characters.")
    return value.strip()


def product_json(row):
    return {"id": row[0], "name": row[1], "price": money(row[2]), "quantity": row[3]}


def user_of(environ):
    try:
        claims = jwt.decode(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "), KEY, ["HS256"])
    except (KeyError, jwt.InvalidTokenError):
        raise Refused(401, "The token is missing or invalid.") from None
    query = "SELECT id, username, is_admin FROM user WHERE id = ? AND is_active"
    user = claims.get("type") == "access" and database().execute(query, (claims["user"],)).fetchone()
    return user or refuse(401, "The token is missing or invalid.")


def refuse(status, detail):
    raise Refused(status, detail)


def admin_of(environ):
    user = user_of(environ)
    return user if user[2] else refuse(403, "Only an Admin may do this.")


def body_of(environ):
    try:
        return orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    except (ValueError, KeyError):
        raise Refused(400, "The body is not valid JSON.") from None


def register(environ):
    body = body_of(environ)
    password = hasher.hash(body["password"])
    with transaction() as connection:
        connection.execute("INSERT INTO user VALUES (NULL, ?, ?, 0, 1)", (named(body["username"]), password))
    return 201, {"message": "Customer registered successfully"}, []


def log_in(environ):
    body = body_of(environ)
    query = "SELECT id, password FROM user WHERE username = ? AND is_active"
    user = database().execute(query, (body["username"],)).fetchone()
    try:
        hasher.verify(user[1] if user else hasher.hash("nobody"), body["password"])
    except VerifyMismatchError:
        raise Refused(401, "Wrong username or password.") from None
    issued, jti = int(time.time()), uuid4().hex
    with transaction() as connection:
        connection.execute("INSERT INTO refresh_token VALUES (?, ?, ?)", (jti, user[0], issued + 7 * 86400))
    access = {"type": "access", "user": user[0], "exp": issued + 900, "jti": uuid4().hex}
    refresh = {"type": "refresh", "user": user[0], "exp": issued + 7 * 86400, "jti": jti}
    return 200, {"refresh": jwt.encode(refresh, KEY, "HS256"), "access": jwt.encode(access, KEY, "HS256")}, []


def list_products(environ):
    user_of(environ)
    query = dict(pair.split("=", 1) for pair in environ["QUERY_STRING"].split("&") if "=" in pair)
    size, after = int(query.get("page_size", 100)), int(query.get("after", 0))
    statement = "SELECT id, name, price, quantity FROM product WHERE id > ? ORDER BY id LIMIT ?"
    rows = database().execute(statement, (after, size)).fetchall()
    url = f"http://{environ['HTTP_HOST']}/api/products/?page_size={size}&after="
    link = [("Link", f'<{url}{rows[-1][0]}>; rel="next"')] if len(rows) == size else []
    return 200, [product_json(row) for row in rows], link


def get_product(environ, pk):
    user_of(environ)
    query = "SELECT id, name, price, quantity FROM product WHERE id = ?"
    row = database().execute(query, (pk,)).fetchone()
    return 200, product_json(row or refuse(404, "Not found.")), []


def create_product(environ):
    user, body = admin_of(environ), body_of(environ)
    row = named(body["name"]), cents(body["price"]), whole(body["quantity"], 0, 2**31 - 1)
    with transaction() as connection:
        pk = connection.execute("INSERT INTO product VALUES (NULL, ?, ?, ?)", row).lastrowid
        move(connection, pk, "created", row[2], row[2], None, user[0], now())
    return 201, product_json((pk, *row)), []


def put_product(environ, pk):
    user, body = admin_of(environ), body_of(environ)
    with transaction() as connection:
        query = "SELECT id, name, price, quantity FROM product WHERE id = ?"
        row = connection.execute(query, (pk,)).fetchone() or refuse(404, "Not found.")
        name = named(body["name"]) if "name" in body else row[1]
        price = cents(body["price"]) if "price" in body else row[2]
        quantity = whole(body["quantity"], 0, 2**31 - 1) if "quantity" in body else row[3]
        update = "UPDATE product SET name = ?, price = ?, quantity = ? WHERE id = ?"
        connection.execute(update, (name, price, quantity, pk))
        if quantity != row[3]:
            move(connection, pk, "set", quantity - row[3], quantity, None, user[0], now())
    return 200, product_json((pk, name, price, quantity)), []


def move(connection, product, kind, delta, balance, order, by, at):
    row = (product, kind, delta, balance, order, by, at)
    connection.execute("INSERT INTO movement VALUES (NULL, ?, ?, ?, ?, ?, ?, '', ?)", row)


def place_order(environ):
    user, body = user_of(environ), body_of(environ)
    if not isinstance(body.get("items"), list) or not 1 <= len(body["items"]) <= 100:
        raise Refused(400, "An order must have 1 to 100 lines.")
    wanted = {}
    for item in body["items"]:
        pk = whole(item["product"], 1, 2**63 - 1)
        wanted[pk] = wanted.get(pk, 0) + whole(item["quantity"], 1, 1_000_000)
    note, at = str(body.get("note", ""))[:500], now()
    take = "UPDATE product SET quantity = quantity - ? WHERE id = ? AND quantity >= ? RETURNING name, price, quantity"
    with transaction() as connection:
        taken = {}
        for pk in sorted(wanted):
            row = connection.execute(take, (wanted[pk], pk, wanted[pk])).fetchone()
            taken[pk] = row or refuse(409, "Not enough stock.")
        total = sum(taken[pk][1] * quantity for pk, quantity in wanted.items())
        insert = "INSERT INTO \"order\" VALUES (NULL, ?, 'pending', ?, ?, ?, ?)"
        order = connection.execute(insert, (user[0], total, note, at, at)).lastrowid
        for pk, quantity in wanted.items():
            name, price, balance = taken[pk]
            line = (order, pk, name, price, quantity, 0)
            connection.execute("INSERT INTO line VALUES (NULL, ?, ?, ?, ?, ?, ?)", line)
            move(connection, pk, "ordered", -quantity, balance, order, user[0], at)
        event = (order, user[0], at)
        connection.execute("INSERT INTO event VALUES (NULL, ?, 'pending', ?, '', ?)", event)
    lines = [(pk, taken[pk][0], taken[pk][1], quantity, 0) for pk, quantity in wanted.items()]
    shown = order_json((order, user[1], "pending", total, note, at, at), lines, user)
    return 201, shown, [("Location", f"/api/orders/{order}/")]


def order_json(row, lines, user):
    pk, customer, status, total, note, created_at, updated_at = row
    return {
        "id": pk,
        "customer": customer,
        "status": status,
        "items": [
            {
                "product": product,
                "name": name,
                "price": money(price),
                "quantity": n,
                "returned": returned,
                "subtotal": money(price * n),
            }
            for product, name, price, n, returned in lines
        ],
        "total": money(total),
        "note": note,
        "allowed_actions": ["confirm", "cancel"] if user[2] else ["cancel"],
        "created_at": created_at,
        "updated_at": updated_at,
    }


def list_orders(environ):
    user = user_of(environ)
    query = """SELECT o.id, username, status, total, note, created_at, updated_at FROM "order" o
        JOIN user u ON u.id = customer WHERE customer = ? ORDER BY created_at DESC, o.id DESC LIMIT 100"""
    orders = database().execute(query, (user[0],)).fetchall()
    lines = {row[0]: [] for row in orders}
    marks = ",".join("?" * len(orders))
    query = f'SELECT "order", product, name, price, quantity, returned FROM line WHERE "order" IN ({marks}) ORDER BY id'
    for order, *line in database().execute(query, list(lines)):
        lines[order].append(line)
    return 200, [order_json(row, lines[row[0]], user) for row in orders], []


ROUTES = {
    ("POST", "/api/accounts/register/"): register,
    ("POST", "/api/login/"): log_in,
    ("GET", "/api/products/"): list_products,
    ("POST", "/api/products/create/"): create_product,
    ("POST", "/api/orders/"): place_order,
    ("GET", "/api/orders/"): list_orders,
}
PRODUCT = re.compile(r"/api/products/([0-9]{1,18})/")


def application(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    try:
        if view := ROUTES.get((method, path)):
            status, body, headers = view(environ)
        elif (match := PRODUCT.fullmatch(path)) and method in ("GET", "PUT"):
            view = get_product if method == "GET" else put_product
            status, body, headers = view(environ, int(match[1]))
        else:
            raise Refused(404, "Not found.")
    except Refused as refused:
        status, body, headers = refused.status, refused.body, []
    content = orjson.dumps(body)
    length = ("Content-Length", str(len(content)))
    start_response(STATUS[status], [("Content-Type", "application/json"), length, *headers])
    return [content]


if __name__ == "__main__":
    database().executescript(SCHEMA)
    admin = ("anna", hasher.hash("correct horse 17"))
    database().execute("INSERT INTO user VALUES (NULL, ?, ?, 1, 1)", admin)
