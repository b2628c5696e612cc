from .client_address import ClientAddress
from .user import NAME_TAKEN, User, UserManager, fold

__all__ = ["NAME_TAKEN", "ClientAddress", "User", "UserManager", "fold"]
