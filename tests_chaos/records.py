"""What a client knows of a call: what it sent, when, and what came back."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Attempt(NamedTuple):
    """One request. The times are seconds of time.monotonic()."""

    began: float
    ended: float
    status: int | None  # None: the connection broke, or nothing came before the client gave up


@dataclass
class Record:
    """One call of a client, which repeats a request until it is answered: a 429 or a 503 is no answer."""

    client: str  # a client makes one call after the other
    user: str
    method: str
    path: str  # with the query
    body: Any = None  # before it became JSON
    headers: dict = field(default_factory=dict)  # sent, such as Idempotency-Key and If-Match
    attempts: list[Attempt] = field(default_factory=list)
    status: int | None = None  # None: never answered
    answer: Any = None  # parsed JSON, or text
    answer_headers: dict = field(default_factory=dict)  # with names in lower case

    @property
    def began(self):
        return self.attempts[0].began

    @property
    def ended(self):
        """When it was answered; infinity if it never was, because it may still take effect."""
        return self.attempts[-1].ended if self.status else float("inf")


@dataclass
class History:
    """All records of a run, in any order, and what was read at its end, when every fault was over."""

    records: list[Record] = field(default_factory=list)
    final: list[Record] = field(default_factory=list)
