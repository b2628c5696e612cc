"""Makes failed logins take the same time for every username, existing or not, and whatever hash the user has.

Checking an old hash, such as an imported user's, takes a different time from checking a new one. So while any user has
an old hash, every failed login also computes a hash of that kind. A successful login replaces the old hash.
"""

from functools import cache
from itertools import islice

from django.contrib.auth.hashers import get_hasher, get_hashers, identify_hasher
from django.db import connection

from .hashers import Argon2Hasher
from .models import User

OLD_KINDS_MAX = 10


def equalize_runtime(password, encoded):
    """Hash a wrong password with every kind of hash in use, except the one already computed.

    `encoded` is the hash it was compared with, or None.
    """
    done = encoded and kind_of(encoded)
    if done != new_kind():
        get_hasher().encode(password, get_hasher().salt())
        if encoded:
            identify_hasher(encoded).harden_runtime(password, encoded)
    for sample in old_hashes():
        if kind_of(sample) != done:
            hasher = identify_hasher(sample)
            hasher.verify(password, sample)
            hasher.harden_runtime(password, sample)


def kind_of(encoded):
    """Return what determines a hash's runtime: its algorithm, and its cost unless `harden_runtime` equalizes it."""
    algorithm = encoded.partition("$")[0]
    return prefix(encoded) if algorithm == Argon2Hasher.algorithm or costs_more(encoded) else algorithm


def prefix(encoded):
    """Return the part of a hash before its salt: the algorithm and its parameters."""
    return encoded.rsplit("$", 2)[0]


def costs_more(encoded):
    """Return whether a hash has more iterations than its hasher uses for new ones."""
    hasher = identify_hasher(encoded)
    return hasher.decode(encoded).get("iterations", 0) > getattr(hasher, "iterations", 0)


def new_kind():
    return getattr(get_hasher(), "kind", get_hasher().algorithm)


def is_readable(encoded):
    """Return whether a password can be checked against the hash, which may be empty, unusable or malformed."""
    try:
        identify_hasher(encoded).decode(encoded)
    except (ValueError, AssertionError):
        return False
    return True


def old_hashes():
    """Return one hash of each old kind in use. Usually there are none."""
    return list({kind_of(encoded): encoded for encoded in islice(find_old_hashes(), OLD_KINDS_MAX)}.values())


def find_old_hashes():
    seen = [f"{new_kind()}$%"]
    algorithms = [f"{hasher.algorithm}$%" for hasher in get_hashers()]
    # With a single hasher there are no old hashes.
    while len(algorithms) > 1:
        with connection.cursor() as cursor:
            cursor.execute(old_hash_sql(len(algorithms), len(seen)), [*algorithms, *seen])
            row = cursor.fetchone()
        if row is None:
            return
        [encoded] = row
        if is_readable(encoded):
            seen.append(f"{prefix(encoded)}$%")
            yield encoded
        else:
            seen.append(encoded)


@cache
def old_hash_sql(algorithms, skipped):
    """Return the SQL that finds an old hash, given how many algorithms are known and how many prefixes are skipped."""
    # SQLite uses the partial index only if the query contains its condition literally.
    index = next(index for index in User._meta.indexes if index.name == "old_hashes")
    condition = index._get_condition_sql(User, connection.schema_editor()).replace("%", "%%")
    known = " OR ".join(["password LIKE %s"] * algorithms)
    others = " AND NOT password LIKE %s" * skipped
    return f"SELECT password FROM accounts_user WHERE {condition} AND ({known}){others} LIMIT 1"  # noqa: S608
