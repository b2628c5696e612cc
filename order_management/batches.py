from .transactions import atomic

# Nobody waits for longer than these take.
BATCH = 1000


def forget(model, field, before):
    """Remove the rows whose time in the field is before that one, a batch in each transaction; return how many.

    It ends at the first batch that has none: ids are to rise with that time, roughly.
    """
    forgotten, last = 0, 0
    while old := forget_some(model, field, before, after=last):
        forgotten, last = forgotten + len(old), old[-1]
    return forgotten


@atomic
def forget_some(model, field, before, *, after):
    """Remove the old ones among those that come next, and return their ids."""
    # By id: the old ones come first, and nobody who writes pays for an index on the time.
    # Somebody else may be at it: what they have locked is left to them.
    following = model.objects.select_for_update(skip_locked=True).filter(pk__gt=after).order_by("pk")[:BATCH]
    old = [pk for pk, at in following.values_list("pk", field) if at < before]
    model.objects.filter(pk__in=old).delete()
    return old
