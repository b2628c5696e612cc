"""A failed login takes the same time for every name, whatever hash the user has and whether or not the user exists.

Checking an old hash, such as that of an imported user, does not take the same time as checking a new one. While any
user has an old hash, every failed login computes that hash, too. A successful login replaces the old hash.
"""

from functools import cache
from itertools import islice

from django.contrib.auth.hashers import get_hasher, get_hashers, identify_hasher
from django.db import connection

from .hashers import Argon2Hasher
from .models import User

KINDS_MAX = 10  # of old hashes


def even_out(password, encoded):
    """Hash a wrong password with every kind of hash in use, except the one already computed.

    `encoded` is the hash it was compared with, or None.
    """
    done = encoded and kind(encoded)
    if done != new_kind():
        get_hasher().encode(password, get_hasher().salt())
        if encoded:
            identify_hasher(encoded).harden_runtime(password, encoded)
    for sample in old_hashes():
        if kind(sample) != done:
            hasher = identify_hasher(sample)
            hasher.verify(password, sample)
            hasher.harden_runtime(password, sample)


def kind(encoded):
    """Return what decides how long a hash takes: the algorithm, and the cost unless `harden_runtime` evens it out."""
    algorithm = encoded.partition("$")[0]
    return with_cost(encoded) if algorithm == Argon2Hasher.algorithm or is_dearer(encoded) else algorithm


def with_cost(encoded):
    """Return a hash up to its salt: the algorithm and its parameters."""
    return encoded.rsplit("$", 2)[0]


def is_dearer(encoded):
    """Return whether a hash takes more iterations than its hasher gives to new ones."""
    hasher = identify_hasher(encoded)
    return hasher.decode(encoded).get("iterations", 0) > getattr(hasher, "iterations", 0)


def new_kind():
    return getattr(get_hasher(), "kind", get_hasher().algorithm)


def is_readable(encoded):
    """Return whether a password can be checked against the hash: not if it is empty, unusable or malformed."""
    try:
        identify_hasher(encoded).decode(encoded)
    except (ValueError, AssertionError):
        return False
    return True


def old_hashes():
    """Return one hash of each old kind in use; usually there are none."""
    return list({kind(encoded): encoded for encoded in islice(find_old_hashes(), KINDS_MAX)}.values())


def find_old_hashes():
    seen = [f"{new_kind()}$%"]
    algorithms = [f"{hasher.algorithm}$%" for hasher in get_hashers()]
    # With a single hasher there are no old hashes.
    while len(algorithms) > 1:
        with connection.cursor() as cursor:
            cursor.execute(statement(len(algorithms), len(seen)), [*algorithms, *seen])
            row = cursor.fetchone()
        if row is None:
            return
        [encoded] = row
        if is_readable(encoded):
            seen.append(f"{with_cost(encoded)}$%")
            yield encoded
        else:
            seen.append(encoded)


@cache
def statement(algorithms, skipped):
    """Return the SQL that finds an old hash."""
    # SQLite uses the partial index only if the statement contains its condition literally.
    index = next(index for index in User._meta.indexes if index.name == "old_hashes")
    condition = index._get_condition_sql(User, connection.schema_editor()).replace("%", "%%")
    known = " OR ".join(["password LIKE %s"] * algorithms)
    others = " AND NOT password LIKE %s" * skipped
    return f"SELECT password FROM accounts_user WHERE {condition} AND ({known}){others} LIMIT 1"  # noqa: S608
