from .client_address import ClientAddress
from .ended_session import EndedSession
from .form_token import AlreadySent, FormToken
from .idempotency_key import IdempotencyKey, KeyReused
from .managers import UserManager, fold
from .user import NAME_MAX, NAME_TAKEN, User

__all__ = [
    "NAME_MAX",
    "NAME_TAKEN",
    "AlreadySent",
    "ClientAddress",
    "EndedSession",
    "FormToken",
    "IdempotencyKey",
    "KeyReused",
    "User",
    "UserManager",
    "fold",
]
