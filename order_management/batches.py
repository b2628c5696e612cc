from itertools import islice


def batches(items, size):
    """Yield the items in lists of this size; the last one may be shorter. Python 3.12 has itertools.batched."""
    items = iter(items)
    return iter(lambda: list(islice(items, size)), [])
