"""The log: a line for each request, named security events, and errors."""

import logging
import re
from contextlib import contextmanager
from functools import partial
from threading import Lock
from time import monotonic
from uuid import uuid4

from django.db import transaction
from django.utils.functional import SimpleLazyObject

from . import metrics
from .json_log import request_id

ROUTINE = ("/healthz/", "/readyz/", "/metrics/", "/static/")


def logging_config(debug):
    """Return Django's LOGGING: JSON in production; text in development, where runserver logs the requests."""
    levels = {
        # Also in production, where Django by default only emails errors.
        "django": "INFO",
        "requests": "INFO",
        "security": "INFO",
        # Their warnings would only add user input to the line of the request: paths and headers.
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
            "json": {"()": "order_management.ops.json_log.JSONFormatter"},
        },
        "filters": {"unknown_host": {"()": "order_management.ops.logging.UnknownHost"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain" if debug else "json"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {name: {"handlers": [], "level": level} for name, level in levels.items()}
        | {"django.security.DisallowedHost": {"filters": ["unknown_host"]}},
    }


class UnknownHost(logging.Filter):
    """Turns Django's records of requests for unknown hosts into one sanitized line, at most once a minute."""

    def __init__(self):
        super().__init__()
        self.muted_until, self.lock = 0, Lock()

    def filter(self, record):
        with self.lock:
            if monotonic() < self.muted_until:
                return False
            self.muted_until = monotonic() + 60
        meta = record.request.META
        host = re.sub("[^!-~]", "?", meta.get("HTTP_HOST") or meta.get("SERVER_NAME", ""))[:100]
        record.msg, record.args = f"Request for a host that is not in ALLOWED_HOSTS: {host}", ()
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


@contextmanager
def request_context(sent_id):
    """Put an id into all records of a request: the caller's own if it is well-formed, else a new one."""
    token = request_id.set(sent_id if re.fullmatch(r"[\w.:+/=-]{1,128}", sent_id, re.ASCII) else uuid4().hex)
    try:
        yield request_id.get()
    finally:
        request_id.reset(token)


def request_fields(request, response):
    """Return the fields of a request's line in the log: no query string, body or header."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):
        # Only if it has been loaded already: logging must not query the database.
        user = getattr(request, "_cached_user", None)
    status, user_id = response.status_code, getattr(user, "pk", None)
    return {"method": request.method, "path": request.path, "status": status, "user": user_id}


def level_of(request, response):
    """Return the level for a request: DEBUG for successful health checks, metrics and static files, else INFO."""
    is_routine = response.status_code < 400 and request.path.startswith(ROUTINE)
    return logging.DEBUG if is_routine else logging.INFO


def security_event(name, level=logging.WARNING, **fields):
    """Log and count a security event. Its fields must never include a password, a token or a name as typed."""
    metrics.security_events.count(name)
    logging.getLogger("security").log(level, name, extra={"fields": fields})


def security_change(name, **fields):
    """Log and count a change in the same way, once it is committed."""
    transaction.on_commit(partial(security_event, name, **fields))
