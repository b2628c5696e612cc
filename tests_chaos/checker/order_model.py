"""An order as the API documents it: its states, and what each step does to them."""

from dataclasses import dataclass
from typing import NamedTuple

from .linearizability import OTHER, READ

STEPS = {
    "confirm": {"pending": "confirmed"},
    "ship": {"confirmed": "shipped"},
    "deliver": {"shipped": "delivered"},
    "cancel": {"pending": "cancelled", "confirmed": "cancelled"},
    "return": {"delivered": "returned"},
}


class Order(NamedTuple):
    """The state; None before the order exists. The lines are pairs of a product and a quantity, sorted."""

    status: str
    left: tuple[tuple[int, int], ...]  # not returned


def state_of(row):
    return Order(row["status"], pairs({line["product"]: line["quantity"] - line["returned"] for line in row["items"]}))


def pairs(quantities):
    return tuple(sorted(quantities.items()))


@dataclass(frozen=True)
class Place:
    order: Order
    kind = OTHER

    def after(self, state):
        return (self.order,) if state is None else ()


@dataclass(frozen=True)
class Read:
    """Shows the order; None: it does not exist yet."""

    order: Order | None
    kind = READ

    def after(self, state):
        return (state,) if state == self.order else ()


@dataclass(frozen=True)
class Illegal:
    """A 409: the status does not allow the step."""

    action: str
    kind = READ

    def after(self, state):
        return (state,) if state and state.status not in STEPS[self.action] else ()


@dataclass(frozen=True)
class NotReturnable:
    """A 409: fewer pieces than wanted are left of some products, and enough of the others."""

    wanted: tuple[tuple[int, int], ...]
    left: tuple[tuple[int, int], ...]
    kind = READ

    def after(self, state):
        if state is None or state.status != "delivered":
            return ()
        actual = dict(state.left)
        short = {product: actual.get(product, 0) for product, count in self.wanted if actual.get(product, 0) < count}
        return (state,) if short and pairs(short) == self.left else ()


@dataclass(frozen=True)
class Step:
    """Takes a step. A return gives back `items`, or everything that is left. `shown` is the answer."""

    action: str
    items: tuple[tuple[int, int], ...] | None = None
    shown: Order | None = None
    kind = OTHER

    def after(self, state):
        status = state and STEPS[self.action].get(state.status)
        following = status and self.moved(state, status)
        return (following,) if following and self.shown in (None, following) else ()

    def moved(self, state, status):
        if self.action != "return":
            return Order(status, state.left)
        back = dict(state.left if self.items is None else self.items)
        left = tuple((product, quantity - back.get(product, 0)) for product, quantity in state.left)
        if any(quantity < 0 for _, quantity in left):
            return None
        return Order("delivered" if any(quantity for _, quantity in left) else status, left)
