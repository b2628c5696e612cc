"""Each product: some sequence of its changes and reads explains every answer (linearizability)."""

from collections import defaultdict

from .calls import short
from .linearizability import Operation, linearize
from .product_changes import changes_of
from .product_model import Missing, shown
from .product_reads import reads_of

SINGLE = [
    "GET /api/products/{id}/",
    "PUT /api/products/{id}/",
    "PATCH /api/products/{id}/",
    "POST /api/products/{id}/stock/",
    "POST /api/products/{id}/restore/",
    "POST /api/products/create/",
]


def check_products(calls):
    tags = Tags(calls)
    yield from tags.errors()
    for pk, operations in sorted(operations_by_product(calls, tags).items()):
        if failure := linearize(operations, None):
            yield explain(f"product {pk}", failure)


def explain(what, failure):
    """Return a readable account of a failed search."""
    around = "".join(f"\n    {op.record}" for op in failure.around)
    reason = "There are too many possibilities to check" if failure.gave_up else "No order of the calls explains"
    states = short(", ".join(str(state) for state in failure.states), 600)
    return f"{reason} the answer about {what}: {failure.operation.record}\n  Before it: {states}\n  Around it:{around}"


class Tags:
    """What the answers with an ETag showed, by product and ETag."""

    def __init__(self, calls):
        self.shown = defaultdict(set)
        for call in calls.of(*SINGLE):
            tag = call.record.answer_headers.get("etag")
            if tag and call.status in (200, 201):
                self.shown[call.answer["id"], tag.removeprefix("W/")].add(shown(call.answer))

    def errors(self):
        for (pk, tag), states in self.shown.items():
            if len(states) > 1:
                yield f"The ETag {tag} of product {pk} names several states: {sorted(states)}"

    def named(self, pk, header):
        """Return the states that If-Match or If-None-Match names, or None if it has none or an unknown one."""
        tags = [tag.strip() for tag in (header or "*").split(",")]
        states = [state for tag in tags for state in self.shown.get((pk, tag), ())]
        strong = [tag for tag in tags if not tag.startswith("W/")]
        return tuple(states) if all((pk, tag) in self.shown for tag in strong) else None


def operations_by_product(calls, tags):
    """Return the operations on each product that a known call created."""
    found = defaultdict(list)
    for call in calls.all:
        for pk, what in (*reads_of(call, tags), *missing(call, calls)):
            if pk in calls.created:
                found[pk].append(Operation(call.asked, call.answered, what, call))
        for pk, what in changes_of(call, calls, tags):
            if pk in calls.created:
                found[pk].append(Operation(call.began, call.ended, what, call))
    return found


def missing(call, calls):
    """Yield the products that are missing from a complete list."""
    is_whole = call.route == "GET /api/products/" and call.query.keys() <= {"page_size", "ordering"}
    if is_whole and call.status == 200 and not call.next_url:
        yield from ((pk, Missing()) for pk in calls.created.keys() - {row["id"] for row in call.answer})
