"""Callers that record every call, and repeat it until it is answered."""

import base64
import contextlib
import http.client
import json
import random
import socket
import time
import traceback
import uuid
from itertools import count

from tests_live.server import ADMIN, PASSWORD, Connection

from .records import Attempt, Record

LIMIT = 45  # seconds in which every attempt must end; nginx gives a node 40
PATIENCE = 120  # seconds after the last fault in which every call must be answered
PAUSE_MAX = 1  # seconds between two attempts
KEEPALIVE = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 5,  # seconds
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 5,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 4,
}
EARLY = 20  # seconds; a new token is asked for this long before the old one expires, because clocks may differ


class GaveUp(Exception):
    """A call was not answered in time."""


class Caller:
    """Somebody with one connection, who makes one call after the other."""

    others = ()  # callers that this one has

    def __init__(self, shop, records, name, user=ADMIN, seed=0):
        self.shop, self.records, self.name, self.user = shop, records, name, user
        self.random = random.Random(f"{seed} {name}")
        self.connection, self.tokens, self.deadline, self.error = None, None, None, None
        self.numbers = count(1)

    def note(self, what):
        """Return a text that no other call of this method returns."""
        return f"{what} {next(self.numbers)} of {self.name}"

    def get(self, path, **headers):
        return self.call("GET", path, headers=headers)

    def change(self, method, path, body=None, **headers):
        """Make a call with an Idempotency-Key, as every change does; now and then, make it again."""
        headers |= {"Idempotency-Key": uuid.uuid4().hex}
        record = self.call(method, path, body, headers)
        if record.status < 300 and self.random.random() < 1 / 20:
            self.call(method, path, body, headers)
        return record

    def call(self, method, path, body=None, headers=None, *, public=False):
        """Call until there is an answer; return its record."""
        record = Record(self.name, self.user, method, path, body, dict(headers or {}))
        pause = 0.05
        while not self.attempt(record, public):
            if self.deadline and time.monotonic() > self.deadline:
                raise GaveUp(f"{self.name} had no answer to {method} {path} {PATIENCE} seconds after the last fault.")
            time.sleep(self.random.uniform(pause / 2, pause))
            pause = min(2 * pause, PAUSE_MAX)
        return record

    def attempt(self, record, public):
        """Make one attempt; return whether it was answered."""
        if not public:
            record.headers["Authorization"] = f"Bearer {self.token()}"
        if not record.attempts:
            self.records.append(record)
        record.attempts.append(Attempt(time.monotonic(), None, None))
        answer = self.send(record)
        status = answer and answer.status
        record.attempts[-1] = record.attempts[-1]._replace(ended=time.monotonic(), status=status)
        if status is None or status in (429, 503):
            return False
        record.status, record.answer = status, answer.body
        record.answer_headers = {name.lower(): value for name, value in answer.headers.items()}
        return True

    def send(self, record):
        """Send the request; return None if the connection breaks or nothing comes back."""
        try:
            if not self.connection:
                self.connection = connect(self.shop.front.port)
            return self.connection.call(record.method, record.path, record.body, headers=record.headers)
        except (OSError, http.client.HTTPException):
            self.close()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def token(self):
        """Return an access token that is still valid for a while."""
        if not self.tokens or expiry(self.tokens["access"]) < time.time() + EARLY:
            self.tokens = (self.tokens and self.refreshed()) or self.logged_in()
        return self.tokens["access"]

    def logged_in(self):
        record = self.call("POST", "/api/login/", {"username": self.user, "password": PASSWORD}, public=True)
        assert record.status == 200, record
        return record.answer

    def refreshed(self):
        """Return new tokens, or None if the refresh token was used by an earlier attempt whose answer was lost."""
        record = self.call("POST", "/api/login/refresh/", {"refresh": self.tokens["refresh"]}, public=True)
        return record.answer if record.status == 200 else None

    def register(self):
        self.call("POST", "/api/accounts/register/", {"username": self.user, "password": PASSWORD}, public=True)

    def run(self, stop):
        """Act until told to stop, and until the last call is answered."""
        with contextlib.closing(self):
            try:
                while not stop.is_set():
                    self.act()
                    time.sleep(self.random.uniform(0, 0.1))
            except Exception:  # such as an answer that no caller can use
                self.error = f"{self.name} could not go on: {traceback.format_exc()}"


def connect(port):
    """Return a connection that is probed: without that, a lost reset leaves the client waiting until its timeout."""
    connection = Connection("127.0.0.1", port, timeout=LIMIT)
    connection.connect()
    for option, value in KEEPALIVE.items():
        connection.sock.setsockopt(*option, value)
    return connection


def expiry(token):
    """Return when a JWT expires, in seconds since the epoch."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
