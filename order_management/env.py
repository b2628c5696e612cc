"""Settings from environment variables. A malformed value aborts startup with one sentence that names the variable.

An empty variable counts as not set, because compose files and CI systems pass empty ones.
"""

import os
import re
import secrets
import sys
import tempfile
import unicodedata
from contextlib import suppress
from datetime import timedelta
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dj_database_url

from .characters import is_default_ignorable

SWITCH = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = rf"{LABEL}(?:\.{LABEL})*"
PORTS = {"http": "80", "https": "443"}
POSTGRES = ("postgres", "postgresql")
POSTGRES_URL = "postgres://user:password@host:port/name"


def refuse(name, rule):
    """Abort startup. A traceback would hide the one sentence that helps."""
    sys.exit(f"{name} {rule}.")


def text(name, default=None):
    return os.environ.get(name, "").strip() or default


def switch(name, default):
    value = text(name)
    if value is None:
        return default
    if value.lower() not in SWITCH:
        refuse(name, f"must be one of 1/0, true/false, on/off or yes/no, not {value!r}")
    return SWITCH[value.lower()]


def integer(name, default, *, minimum):
    value = text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < minimum:
        refuse(name, f"must be a whole number of at least {minimum}, not {value!r}")
    return int(value)


def parse_duration(value):
    """Return a timedelta from `900` (seconds), `15m`, `24h` or `7d`. Raise ValueError for anything else, and for 0."""
    match = re.fullmatch(r"([0-9]{1,8})([smhd]?)", value)
    seconds = match and int(match[1]) * SECONDS[match[2]]
    if not seconds or seconds > 100 * 365 * SECONDS["d"]:
        raise ValueError(value)
    return timedelta(seconds=seconds)


def duration(name, default=None):
    value = text(name, default)
    try:
        return value and parse_duration(value)
    except ValueError:
        return refuse(name, f"must be a duration like 900 (seconds), 15m, 24h or 7d, not {value!r}")


def rate(name, default=None):
    """Return a number and a period from `60/h`, `5/m` or `10/30s`."""
    value = text(name, default)
    if value is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,8})/(?=.)([0-9]*)([smhd]?)", value)
    with suppress(ValueError):
        if match:
            return int(match[1]), parse_duration(f"{match[2] or 1}{match[3]}")
    return refuse(name, f"must be a number per period, like 60/h or 10/30s, not {value!r}")


def time_zone(name, default):
    """Return the name of a time zone of the IANA database."""
    value = text(name, default)
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError):  # unknown; not a relative path; a directory, such as Europe
        return refuse(name, f"must be the name of a time zone, like UTC or Europe/Berlin, not {value!r}")


def currency(name):
    """Return a sign or a code, or an empty string."""
    value = text(name, "")
    if value and not is_currency(value):
        refuse(name, f"must be a sign or a code of up to 8 letters, like € or EUR, not {value!r}")
    return value


def is_currency(value):
    """Return whether a value consists of visible letters and currency signs, and perhaps periods, as in Rs."""
    letters = value.replace(".", "")
    kinds = {"ignorable" if is_default_ignorable(letter) else unicodedata.category(letter) for letter in letters}
    return letters and len(value) <= 8 and kinds <= {"Sc", "Lu", "Ll", "Lo", "Mn", "Mc"}


def token(name):
    value = text(name)
    if value and not re.fullmatch("[!-~]{20,}", value):
        refuse(name, "must be at least 20 visible ASCII characters")
    return value


def check_shared_directory(name, *, required):
    """Refuse a directory that cannot be used; if required, also a missing one where granian runs several workers."""
    value = text(name)
    if value and not (os.path.isdir(value) and os.access(value, os.W_OK)):
        refuse(name, "must be an existing, writable directory")
    if required and not value and text("GRANIAN_WORKERS", "1") != "1":
        refuse(name, "must be the path of a directory in which the workers add up their metrics")


def words(name, default, is_valid, rule):
    """Return the comma-separated values."""
    values = [word.strip() for word in text(name, ",".join(default)).split(",") if word.strip()]
    for value in values:
        if not is_valid(value):
            refuse(name, f"{rule}, separated by commas, not {value!r}")
    return values


def hosts(name, default):
    """Return the values of ALLOWED_HOSTS. Django would accept invalid ones and answer every request with 400."""
    rule = "must be host names in ASCII without scheme, port or path, like shop.example or .shop.example"
    return words(name, default, lambda value: value == "*" or is_host(value.lower().removeprefix(".")), rule)


def origins(name):
    """Return origins as browsers send them (RFC 6454): scheme, host, and the port unless it is the scheme's default."""
    rule = "must be origins as browsers send them, like https://shop.example or http://localhost:3000"
    return words(name, (), is_origin, rule)


def is_host(value):
    """Return whether a value is a host as browsers send it: a lowercase ASCII name, or an IPv6 address in brackets."""
    if not value.startswith("["):
        return bool(re.fullmatch(HOST_NAME, value))
    try:
        return value == f"[{IPv6Address(value[1:-1])}]" and "%" not in value
    except ValueError:
        return False


def is_origin(value):
    match = re.fullmatch(r"(https?)://(\[[^]]*\]|[^:]*)(?::([1-9][0-9]{0,4}))?", value)
    return match and is_host(match[2]) and PORTS[match[1]] != match[3] and int(match[3] or 1) < 2**16


def database(name, default, *, base_dir, **options):
    """Return Django's settings for the SQLite or PostgreSQL database at a URL."""
    example = f"sqlite:///db.sqlite3 or {POSTGRES_URL}"
    config = parse_database(name, text(name, default), ("sqlite", *POSTGRES), example, **options)
    if config["ENGINE"] == "django.db.backends.sqlite3" and config["NAME"] != ":memory:":
        config["NAME"] = base_dir / config["NAME"]
        if not config["NAME"].parent.is_dir():
            refuse(name, "must name a file in an existing directory")
    return config


def postgres(name, **options):
    """Return Django's settings for the PostgreSQL database at a URL."""
    return parse_database(name, text(name), POSTGRES, POSTGRES_URL, **options)


def parse_database(name, url, schemes, example, **options):
    with suppress(ValueError):
        config = dj_database_url.parse(url, **options)
        if urlsplit(url).scheme in schemes and config["NAME"] and urlsplit(url).port != 0:
            return config
    # Without the URL, which may contain a password.
    return refuse(name, f"must look like {example}")


def development_key(path):
    """Return the key in a file, which the first start creates.

    The file appears complete and in one step, so that two processes that start together get the same key.
    """
    if not path.exists():
        handle, new = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(new, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            os.replace(new, path)
        Path(new).unlink(missing_ok=True)
    return path.read_text()
