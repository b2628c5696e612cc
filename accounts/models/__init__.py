from .client_address import ClientAddress
from .ended_session import EndedSession
from .user import NAME_TAKEN, User, UserManager, fold

__all__ = ["NAME_TAKEN", "ClientAddress", "EndedSession", "User", "UserManager", "fold"]
