"""The format of the log. The server (granian) uses it, too: deploy/granian-log.json names it.

It imports no Django, because granian's main process has no other need for it.
"""

import logging
from contextvars import ContextVar
from datetime import UTC, datetime

import orjson

request_id = ContextVar("request_id", default=None)


class JSONFormatter(logging.Formatter):
    """Writes a JSON object per record, with the id of the current request and with `extra={"fields": ...}`."""

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
