"""SimpleJWT's tokens, tied to the token version of their user."""

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError

from .models import User


class InvalidToken(AuthenticationFailed):
    """401: not ours, altered, expired, spent, of another type, or of a user who may not use it any more."""

    default_detail = "Token is invalid or expired."


class RefreshToken(tokens.RefreshToken):
    """Its access token takes over the claims `user_id` and `version`."""

    @classmethod
    def for_user(cls, user):
        token = super().for_user(user)
        token["version"] = user.token_version
        return token

    def check_blacklist(self):
        """Leave it to `services.spend`: what was looked up here could be otherwise by then."""


def verify(token_class, raw):
    """Return the token that `raw` encodes, or raise InvalidToken, whatever is wrong with it."""
    try:
        return token_class(raw)
    # SimpleJWT answers with the latter ones to odd claims under a right signature.
    except (TokenError, KeyError, TypeError, ValueError, OverflowError):
        raise InvalidToken from None


def holder(token):
    """Return the user a verified token was issued to, as the database knows them now, or raise InvalidToken."""
    user = User.objects.holding(token)
    if user is None:
        raise InvalidToken
    return user
