"""Which call of the API a record is, and what is known about its outcome."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

from ..records import Record
from .linearizability import NEVER

DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"
LINK = re.compile(r'<([^>]*)>\s*;\s*rel="next"')


@dataclass(frozen=True, eq=False)
class Call:
    """A record and its route, such as "POST /api/orders/{id}/cancel/"."""

    record: Record
    route: str
    pk: int | None
    query: dict
    is_final: bool = False

    @classmethod
    def of(cls, record, *, is_final=False):
        url = urlsplit(record.path)
        template = re.sub(r"/\d+/", "/{id}/", url.path)
        pk = re.search(r"/(\d+)/", url.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        return cls(record, f"{record.method} {template}", pk and int(pk[1]), query, is_final)

    @property
    def answer(self):
        return self.record.answer

    @property
    def body(self):
        return self.record.body or {}

    @property
    def status(self):
        return self.record.status

    @property
    def code(self):
        return self.answer.get("code") if isinstance(self.answer, dict) else None

    @property
    def began(self):
        return self.record.began

    @property
    def asked(self):
        """When the attempt that was answered began: what a read or a refusal shows is not older than that."""
        return self.record.attempts[-1].began

    @property
    def answered(self):
        return self.record.attempts[-1].ended

    @property
    def ended(self):
        """When its change was made at the latest; infinity if that is unknown."""
        return self.answered if self.outcome == DONE else NEVER

    @cached_property
    def outcome(self):
        """DONE, REFUSED, or UNKNOWN if an attempt without an answer may have made the change, or may still make it.

        A refusal does not exclude that: an earlier attempt may be stuck in a node and be carried out later.
        """
        if self.status and 200 <= self.status < 300:
            return DONE
        earlier = self.record.attempts[: -1 if self.status else None]
        is_open = (self.status or 0) >= 500 or any(not a.status or a.status >= 500 for a in earlier)
        return UNKNOWN if is_open else REFUSED

    @property
    def next_url(self):
        """Return the path and query of the next page, or None."""
        link = LINK.search(self.record.answer_headers.get("link") or "")
        return link and urlsplit(link[1])._replace(scheme="", netloc="").geturl()

    def __str__(self):
        record = self.record
        sent = "" if record.body is None else f" {short(record.body)}"
        answer = "no answer" if self.status is None else f"{self.status} {short(record.answer)}"
        span = f"{self.began:.3f} to {self.answered:.3f} s"
        if len(record.attempts) > 1:
            span += f" in {len(record.attempts)} attempts, the last from {self.asked:.3f} s"
        return f"{record.method} {record.path}{sent} by {record.client}, {span}: {answer}"


def short(value, length=200):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= length else text[:length] + "..."


def money(value):
    return str(Decimal(str(value)).quantize(Decimal("0.01")))


def pieces(lines):
    """Return the quantity of each product; lines of the same product are added up."""
    total = defaultdict(int)
    for line in lines:
        total[int(line["product"])] += int(line["quantity"])
    return dict(total)


def group_retries(records):
    """Return lists of records in order of time: those that are the same request with the same Idempotency-Key."""
    groups = defaultdict(list)
    for number, record in enumerate(sorted(records, key=lambda record: record.began)):
        key = record.headers.get("Idempotency-Key")
        body = json.dumps(record.body, sort_keys=True, default=str)
        groups[(record.user, key, record.method, record.path, body) if key else number].append(record)
    return list(groups.values())


def merged(group):
    """Return one record that ends with the first success, or else with the last answer."""
    if len(group) == 1:
        return group[0]
    done = [number for number, record in enumerate(group) if record.status and record.status < 300]
    last = done[0] if done else len(group) - 1
    attempts = [attempt for record in group[: last + 1] for attempt in record.attempts]
    return replace(group[last], attempts=attempts)
