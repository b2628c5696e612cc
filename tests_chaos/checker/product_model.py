"""A product as the API documents it: its states, and what each call does to them."""

from dataclasses import dataclass
from typing import NamedTuple

from .calls import money
from .linearizability import ADDITIVE, BLIND, OTHER, READ

STOCK_MAX = 2147483647


class Product(NamedTuple):
    """The state; None before the product exists."""

    name: str
    price: str
    quantity: int
    is_deleted: bool = False


class Shown(NamedTuple):
    """What an answer shows of a product; None for what it does not show."""

    name: str | None = None
    price: str | None = None
    quantity: int | None = None

    def fits(self, state):
        return all(value is None or value == actual for value, actual in zip(self, state, strict=False))


ANY = Shown()


def shown(row):
    return Shown(row["name"], money(row["price"]), row["quantity"])


@dataclass(frozen=True)
class Read:
    """Shows the product, or only that `at_least` or more are left. `is_deleted` is None if both are possible."""

    shown: Shown = ANY
    at_least: int = 0
    is_deleted: bool | None = False
    kind = READ

    def after(self, state):
        if state is None or self.is_deleted not in (None, state.is_deleted):
            return ()
        return (state,) if self.shown.fits(state) and state.quantity >= self.at_least else ()


@dataclass(frozen=True)
class Missing:
    """A 404: the product is deleted or does not exist yet; with `never_existed`, only the latter."""

    never_existed: bool = False
    kind = READ

    def after(self, state):
        is_missing = state is None or (state.is_deleted and not self.never_existed)
        return (state,) if is_missing else ()


@dataclass(frozen=True)
class Differs:
    """A 412: the product looks like none of these."""

    states: tuple[Shown, ...]
    kind = READ

    def after(self, state):
        is_possible = state and not state.is_deleted and not any(shown.fits(state) for shown in self.states)
        return (state,) if is_possible else ()


@dataclass(frozen=True)
class OutOfBounds:
    """A 409: the stock cannot change by `delta`, or it can if `is_refused` is False."""

    delta: int
    is_refused: bool = True
    kind = READ

    def after(self, state):
        if state is None or state.is_deleted:
            return ()
        return (state,) if (0 <= state.quantity + self.delta <= STOCK_MAX) != self.is_refused else ()


@dataclass(frozen=True)
class Create:
    product: Product
    kind = OTHER

    def after(self, state):
        return (self.product,) if state is None else ()


@dataclass(frozen=True)
class Update:
    """Sets fields, if the product looks like one of those that If-Match names (None: it names none that are known)."""

    fields: Shown
    shown: Shown = ANY
    if_match: tuple[Shown, ...] | None = None
    kind = OTHER

    def after(self, state):
        if state is None or state.is_deleted or not matches(self.if_match, state):
            return ()
        pairs = zip(self.fields, state, strict=False)
        following = Product(*(old if new is None else new for new, old in pairs))
        return (following,) if self.shown.fits(following) else ()


@dataclass(frozen=True)
class Add:
    """Changes the stock by delta; `shown` is what the answer shows of the product after that."""

    delta: int
    shown: Shown = ANY
    if_match: tuple[Shown, ...] | None = None
    even_if_deleted: bool = False

    def __post_init__(self):
        is_blind = self.shown.quantity is None and self.if_match is None
        object.__setattr__(self, "kind", BLIND if is_blind else ADDITIVE)

    def after(self, state):
        if state is None or (state.is_deleted and not self.even_if_deleted) or not matches(self.if_match, state):
            return ()
        quantity = state.quantity + self.delta
        following = Product(state.name, state.price, quantity, state.is_deleted)
        return (following,) if 0 <= quantity <= STOCK_MAX and self.shown.fits(following) else ()


@dataclass(frozen=True)
class Delete:
    if_match: tuple[Shown, ...] | None = None
    kind = OTHER

    def after(self, state):
        if state is None or state.is_deleted or not matches(self.if_match, state):
            return ()
        return (state._replace(is_deleted=True),)


@dataclass(frozen=True)
class Restore:
    shown: Shown = ANY
    kind = OTHER

    def after(self, state):
        if state is None or not state.is_deleted or not self.shown.fits(state):
            return ()
        return (state._replace(is_deleted=False),)


def matches(if_match, state):
    return if_match is None or any(shown.fits(state) for shown in if_match)
