"""The admin pages of the orders, and the link from a user to their orders."""

from .orders import OrderAdmin
from .users import UserAdmin

__all__ = ["OrderAdmin", "UserAdmin"]
