"""Settings from environment variables. A malformed value stops the start with one sentence that names it.

An empty variable counts as not set, because compose files and CI systems pass empty ones.
"""

import os
import re
import secrets
import sys
import tempfile
from datetime import timedelta
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import dj_database_url

SWITCH = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = rf"{LABEL}(?:\.{LABEL})*"
PORTS = {"http": "80", "https": "443"}
POSTGRES = ("postgres", "postgresql")


def refuse(name, rule):
    """Stop the start: a traceback would hide the one sentence that helps."""
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
    """Return a timedelta from `900` (seconds), `15m`, `24h` or `7d`; anything else, or none: ValueError."""
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
        return refuse(name, f"must be a time like 900 (seconds), 15m, 24h or 7d, not {value!r}")


def rate(name, default=None):
    """Return how many in which time, from `60/h`, `5/m` or `10/30s`."""
    value = text(name, default)
    if value is None:
        return None
    count, _, period = value.partition("/")
    try:
        if re.fullmatch(r"[1-9][0-9]{0,8}", count):
            return int(count), parse_duration(period if period[:1].isdecimal() else f"1{period or '?'}")
    except ValueError:
        pass
    return refuse(name, f"must be a number per period, like 60/h or 10/30s, not {value!r}")


def token(name):
    value = text(name)
    if value and not re.fullmatch("[!-~]{20,}", value):
        refuse(name, "must be at least 20 characters, visible ASCII ones")
    return value


def check_shared_directory(name, *, required):
    """Refuse a directory that cannot be used; if required, also a missing one where granian runs several workers."""
    value = text(name)
    if value and not (os.path.isdir(value) and os.access(value, os.W_OK)):
        refuse(name, "must be an existing, writable directory")
    if required and not value and text("GRANIAN_WORKERS", "1") != "1":
        refuse(name, "must be the path of a directory in which the workers add up their metrics")


def words(name, default=()):
    """Return the comma-separated values."""
    return [word.strip() for word in text(name, ",".join(default)).split(",") if word.strip()]


def is_host(value):
    """Return whether a host is as browsers send it: a lower-case ASCII name, or an IPv6 address in brackets."""
    if not value.startswith("["):
        return bool(re.fullmatch(HOST_NAME, value))
    try:
        return value == f"[{IPv6Address(value[1:-1])}]" and "%" not in value
    except ValueError:
        return False


def hosts(name, default):
    """Return the values of ALLOWED_HOSTS. Django would start with invalid ones, too, and answer 400 to everybody."""
    values = words(name, default)
    for value in values:
        if not (value == "*" or is_host(value.lower().removeprefix("."))):
            refuse(
                name,
                "must be host names in ASCII without scheme, port or path, like shop.example or .shop.example, "
                f"separated by commas, not {value!r}",
            )
    return values


def origins(name):
    """Return origins as browsers send them (RFC 6454): scheme, host, and a port if it is not the scheme's own."""
    values = words(name)
    for value in values:
        match = re.fullmatch(r"(https?)://(\[[^]]*\]|[^:]*)(?::([1-9][0-9]{0,4}))?", value)
        if not (match and is_host(match[2]) and PORTS[match[1]] != match[3] and int(match[3] or 1) < 2**16):
            refuse(
                name,
                "must be origins as browsers send them, like https://shop.example or http://localhost:3000, "
                f"separated by commas, not {value!r}",
            )
    return values


def parse_database(url, schemes, **options):
    """Return Django's settings for the database that a URL of one of the schemes names; any other: ValueError."""
    config = dj_database_url.parse(url, **options)
    if urlsplit(url).scheme not in schemes or not config["NAME"] or urlsplit(url).port == 0:
        raise ValueError
    return config


def database(name, default, *, base_dir, **options):
    """Return Django's settings for the database that the URL names."""
    try:
        config = parse_database(text(name, default), (*POSTGRES, "sqlite"), **options)
    except ValueError:
        # The URL itself is not repeated: it holds a password.
        refuse(name, "must look like sqlite:///db.sqlite3 or postgres://user:password@host:port/name")
    if config["ENGINE"] == "django.db.backends.sqlite3" and config["NAME"] != ":memory:":
        config["NAME"] = base_dir / config["NAME"]
        if not config["NAME"].parent.is_dir():
            refuse(name, "must name a file in a folder that exists")
    return config


def postgres(name, **options):
    """Do the same where it has to be PostgreSQL."""
    try:
        return parse_database(text(name), POSTGRES, **options)
    except ValueError:
        return refuse(name, "must look like postgres://user:password@host:port/name")


def development_key(path):
    """Return the key kept at `path`, made at the first start.

    It appears there in one step and whole, so that two processes that start together agree on it.
    """
    if not path.exists():
        handle, new = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(new, path)
        except FileExistsError:
            os.unlink(new)
        except OSError:  # a file system without hard links
            os.replace(new, path)
        else:
            os.unlink(new)
    return path.read_text()
