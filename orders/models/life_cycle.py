"""The statuses of an order and the steps between them."""

from functools import cache

from django.db import models

from accounts.models import User
from order_management.exceptions import Code, Conflict


class IllegalTransition(Conflict):
    """The life cycle has no such step, or another one was taken at the same moment."""

    code = Code.ILLEGAL_STEP


class LifeCycle:
    """What an order may do next. A mixin, because events and lines need the statuses before Order is defined."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"
        RETURNED = "returned"

    TRANSITIONS = {
        Status.PENDING: {Status.CONFIRMED, Status.CANCELLED},
        Status.CONFIRMED: {Status.SHIPPED, Status.CANCELLED},
        Status.SHIPPED: {Status.DELIVERED},
        Status.DELIVERED: {Status.RETURNED},
        Status.CANCELLED: set(),
        Status.RETURNED: set(),
    }
    # The steps by the names that callers use.
    ACTIONS = {
        "confirm": Status.CONFIRMED,
        "ship": Status.SHIPPED,
        "deliver": Status.DELIVERED,
        "cancel": Status.CANCELLED,
        "return": Status.RETURNED,
    }
    CUSTOMER_ACTIONS = {"cancel"}
    # The actions by the status that they lead to.
    ACTIONS_TO = {Status.PENDING: "place"} | {status: action for action, status in ACTIONS.items()}
    # Orders with one of these are not sales.
    UNSOLD = {Status.CANCELLED, Status.RETURNED}

    @classmethod
    @cache
    def allowed_actions(cls, status, role):
        """Return the steps that a user with the role may take with their order in this status."""
        return [
            action
            for action, target in cls.ACTIONS.items()
            if target in cls.TRANSITIONS[status] and (role == User.Role.ADMIN or action in cls.CUSTOMER_ACTIONS)
        ]

    def refuse_illegal(self, status):
        if status not in self.TRANSITIONS[self.status]:
            raise IllegalTransition(f"The order is {self.status} and cannot become {status}.")
