"""What goes into the log beside errors: a line for each request, and named security events."""

import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from time import monotonic
from uuid import uuid4

import orjson
from django.db import transaction
from django.utils.functional import SimpleLazyObject

from . import metrics

request_id = ContextVar("request_id", default=None)


def logging_config(debug):
    """Return Django's LOGGING: text in development, where runserver shows the requests; in production JSON."""
    levels = {
        # Errors are logged in production too: Django's default would only mail them.
        "django": "INFO",
        "requests": "INFO",
        "security": "INFO",
        # What they would add to the line of the request is what the caller sent: addresses and headers.
        "django.request": "ERROR",
        "django.security.csrf": "ERROR",
    }
    if debug:
        levels = {"django": "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(levelname)s %(message)s"},
            "json": {"()": "order_management.ops.logging.JSONFormatter"},
        },
        "filters": {"unknown_host": {"()": "order_management.ops.logging.UnknownHost"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain" if debug else "json"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {name: {"handlers": [], "level": level} for name, level in levels.items()}
        | {"django.security.DisallowedHost": {"filters": ["unknown_host"]}},
    }


class UnknownHost(logging.Filter):
    """Rewrites Django's record of a request for an unknown host as one harmless line, at most once a minute."""

    def __init__(self):
        super().__init__()
        self.quiet_until, self.lock = 0, Lock()

    def filter(self, record):
        with self.lock:
            if monotonic() < self.quiet_until:
                return False
            self.quiet_until = monotonic() + 60
        sent = record.request.META
        host = re.sub("[^!-~]", "?", sent.get("HTTP_HOST") or sent.get("SERVER_NAME", ""))[:100]
        record.msg, record.args = f"Request for a host that is not in ALLOWED_HOSTS: {host}", ()
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


class JSONFormatter(logging.Formatter):
    """A JSON object per line, with the id of the request it was written in, and with `extra={"fields": ...}`."""

    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
            "request_id": request_id.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z).decode()


@contextmanager
def request_named(given):
    """Within it, records carry the id that the caller gave, if it is a harmless one, or a new one."""
    token = request_id.set(given if re.fullmatch(r"[\w.:+/=-]{1,128}", given, re.ASCII) else uuid4().hex)
    try:
        yield request_id.get()
    finally:
        request_id.reset(token)


def described(request, response):
    """Return what the log says of a request: no query string, no body, no header."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):
        # Only if somebody has looked already: a log must not ask the database.
        user = getattr(request, "_cached_user", None)
    status, user_id = response.status_code, getattr(user, "pk", None)
    return {"method": request.method, "path": request.path, "status": status, "user": user_id}


def security_event(name, level=logging.WARNING, **fields):
    """Log and count what a watchman wants to see: never a password, a token or a name somebody typed."""
    metrics.security_events.count(name)
    logging.getLogger("security").log(level, name, extra={"fields": fields})


def security_change(name, **fields):
    """Log a change in the same way, once it holds."""
    transaction.on_commit(partial(security_event, name, **fields))
