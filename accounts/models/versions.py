"""The random numbers that tokens and admin sessions carry. A new number ends all those issued before."""

import secrets

from django.db import models
from django.db.models.functions import Cast, Floor, Random

VERSION_MAX = 2**31 - 1


def random_version():
    """Return a number from 1 to VERSION_MAX.

    A counter would start over in a restored or a new database, and let old tokens into other users' accounts.
    """
    return 1 + secrets.randbelow(VERSION_MAX)


def new_versions():
    """Return new values of the columns that end all tokens and admin sessions of one user."""
    return {"token_version": random_version(), "session_version": random_version()}


def new_versions_per_row():
    """Return the same as expressions, which draw different numbers for each row."""
    draw = Cast(Floor(Random() * VERSION_MAX), models.PositiveIntegerField()) + 1
    return {"token_version": draw, "session_version": draw}
