"""SimpleJWT's tokens, tied to the token version of their user."""

from functools import lru_cache

from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.utils import aware_utcnow

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


# What SimpleJWT raises, the latter ones for odd claims under a right signature.
ERRORS = (TokenError, KeyError, TypeError, ValueError, OverflowError)


def refresh_token(raw):
    """Return the refresh token that `raw` encodes, or raise InvalidToken, whatever is wrong with it."""
    try:
        return RefreshToken(raw)
    except ERRORS:
        raise InvalidToken from None


def access_token(raw):
    """Do the same for an access token."""
    try:
        token = signed(raw)
        token.check_exp(current_time=aware_utcnow())
    except ERRORS:
        raise InvalidToken from None
    return token


# A client sends the same one for 15 minutes: checking its signature anew takes as long as a look-up.
@lru_cache(maxsize=10_000)
def signed(raw):
    return tokens.AccessToken(raw)


def holder(token):
    """Return the user a verified token was issued to, as the database knows them now, or raise InvalidToken."""
    user = User.objects.holding(token)
    if user is None:
        raise InvalidToken
    return user
