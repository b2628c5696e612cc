"""SimpleJWT's tokens, tied to the token version of their user, and refresh tokens to a session."""

import time
from functools import lru_cache
from uuid import uuid4

import jwt
from django.db.models import Exists, F
from django.db.models.functions import Now
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt import backends, tokens
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from order_management.db.prepared import InsertNew

from . import claims
from .models import EndedSession, User


class InvalidToken(AuthenticationFailed):
    """401: not ours, altered, expired, spent, of another type, or of a user who may not use it any more."""

    default_detail = "Token is invalid or expired."


class TokenBackend(backends.TokenBackend):
    """SimpleJWT's backend, but checking only the signature.

    SimpleJWT's LEEWAY would tolerate an `exp` in the past, too, and PyJWT accepts odd values of claims.
    """

    def decode(self, token, verify=True):
        unchecked = dict.fromkeys(["verify_exp", "verify_iat", "verify_nbf", "verify_aud"], False)
        try:
            return jwt.decode(token, self.prepared_signing_key, algorithms=[self.algorithm], options=unchecked)
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error


class CheckedClaims:
    """Checks the claims instead of SimpleJWT, which would also query the blacklist: `sessions.blacklist` does that."""

    _token_backend = TokenBackend(api_settings.ALGORITHM, api_settings.SIGNING_KEY)

    def verify(self):
        self.verify_token_type()
        if not claims.are_well_formed(self.payload):
            raise TokenError("A claim is missing or malformed.")
        self.check_times()

    def check_times(self):
        if not claims.are_current(self.payload, time.time()):
            raise TokenError("The token is expired or not yet valid.")


class AccessToken(CheckedClaims, tokens.AccessToken):
    pass


class RefreshToken(CheckedClaims, tokens.RefreshToken):
    """Passes `user_id` and `version` on to its access token, and to its successor `session` as well."""

    access_token_class = AccessToken
    no_copy_claims = (*tokens.RefreshToken.no_copy_claims, "session")

    @classmethod
    def for_user(cls, user, session=None):
        """Return a new token, which starts a session unless it continues one."""
        token = super().for_user(user)
        token["version"] = user.token_version
        token["session"] = session or uuid4().hex
        return token

    @property
    def session(self):
        """The session, or None in a token issued by the previous version."""
        return self.get("session")

    def record(self):
        """Return what the database knows: `pk`, `spent_at`, whether the session has `ended`, and the time `now`.

        Both times come from the database's clock, because the nodes' clocks may differ.
        """
        found = OutstandingToken.objects.filter(jti=self["jti"]).annotate(
            spent_at=F("blacklistedtoken__blacklisted_at"),
            ended=Exists(EndedSession.objects.filter(session=self.session or "")),
            now=Now(),
        )
        found = found.values_list("pk", "spent_at", "ended", "now", named=True)
        return found.first() or (self.outstand() and found.get())


# Returns the ids of new rows: none if the token is already spent. SimpleJWT would use the node's clock for the time.
insert_blacklisted = InsertNew(BlacklistedToken, "token", "blacklisted_at")

# What SimpleJWT raises, and what Python raises for text that cannot be encoded.
ERRORS = (TokenError, TypeError, ValueError)


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
        token.check_times()
    except ERRORS:
        raise InvalidToken from None
    return token


# A client sends the same one for 15 minutes: checking its signature anew takes as long as a look-up.
@lru_cache(maxsize=10_000)
def signed(raw):
    return AccessToken(raw)


def holder(token):
    """Return the user a verified token was issued to, as the database knows them now, or raise InvalidToken."""
    user = User.objects.holding(token)
    if user is None:
        raise InvalidToken
    return user
