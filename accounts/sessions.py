"""What ends all tokens and admin sessions of users at once."""

from order_management.transactions import atomic

from .models import User
from .models.versions import new_versions_of_many

BATCH = 1000  # users, so nobody waits long for their locks


def end_sessions(users):
    """End all tokens and admin sessions of the users of a queryset; return how many users there were."""
    ended, last = 0, 0
    while pks := end_next(users, after=last):
        ended, last = ended + len(pks), pks[-1]
    return ended


@atomic
def end_next(users, *, after):
    """Do so for the next batch by id, and return the ids."""
    locked = users.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")
    pks = list(locked.values_list("pk", flat=True)[:BATCH])
    User.objects.filter(pk__in=pks).update(**new_versions_of_many())
    return pks
