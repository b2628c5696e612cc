"""What the claims of a token must look like. They are checked even though the signature is valid."""

import re
from functools import partial

from order_management.clocks import CLOCK_SKEW

from .models.versions import VERSION_MAX

TIME_MAX = 253_402_300_799  # the end of the year 9999, the latest time a datetime can hold
KEY_MAX = 2**63 - 1
UUID = re.compile(r"[0-9a-f]{32}")
DIGITS = re.compile(r"[1-9][0-9]{0,18}")


def is_integer(value, maximum):
    # Not isinstance(), which is also true for a bool.
    return type(value) is int and 0 <= value <= maximum


def is_user_id(value):
    # SimpleJWT issues the id as text.
    return is_integer(int(value) if isinstance(value, str) and DIGITS.fullmatch(value) else value, KEY_MAX)


def is_uuid(value):
    return isinstance(value, str) and UUID.fullmatch(value) is not None


is_time = partial(is_integer, maximum=TIME_MAX)
is_version = partial(is_integer, maximum=VERSION_MAX)
REQUIRED = {"exp": is_time, "iat": is_time, "jti": is_uuid, "user_id": is_user_id, "version": is_version}
# The previous version issued refresh tokens without `session`.
OPTIONAL = {"nbf": is_time, "session": is_uuid}


def are_well_formed(claims):
    """Return whether every claim that is used has the type and range that tokens are issued with."""
    checks = REQUIRED | OPTIONAL
    return REQUIRED.keys() <= claims.keys() and all(checks[name](claims[name]) for name in checks if name in claims)


def are_current(claims, now):
    """Return whether well-formed claims are valid at the given time, in seconds since 1970."""
    return now < claims["exp"] and max(claims["iat"], claims.get("nbf", 0)) <= now + CLOCK_SKEW.total_seconds()
