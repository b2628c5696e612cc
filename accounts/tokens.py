"""SimpleJWT's tokens, tied to the token version of their user, and refresh tokens to a session."""

import time
from functools import lru_cache
from uuid import uuid4

import jwt
from django.db.models import Exists, F
from django.db.models.functions import Now
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt import backends, tokens
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from order_management.db.prepared import InsertNew
from order_management.exceptions import Code

from . import claims
from .models import EndedSession


class InvalidToken(AuthenticationFailed):
    """401: not issued here, altered, expired, blacklisted, of another type, or of a user who may no longer use it."""

    default_code = Code.TOKEN_NOT_VALID
    default_detail = "Token is invalid or expired."


class TokenBackend(backends.TokenBackend):
    """SimpleJWT's backend, except that it checks only the signature.

    SimpleJWT's LEEWAY would also tolerate an `exp` in the past, and PyJWT accepts malformed claims.
    """

    def decode(self, token, verify=True):
        unchecked = dict.fromkeys(["verify_exp", "verify_iat", "verify_nbf", "verify_aud"], False)
        try:
            return jwt.decode(token, self.prepared_signing_key, algorithms=[self.algorithm], options=unchecked)
        # Python raises the last two for text that cannot be encoded.
        except (jwt.InvalidTokenError, TypeError, ValueError):
            raise InvalidToken from None


class CheckedClaims:
    """Checks the claims in place of SimpleJWT, and raises InvalidToken for its TokenError.

    SimpleJWT would also query the blacklist; `sessions.blacklist` does that.
    """

    _token_backend = TokenBackend(api_settings.ALGORITHM, api_settings.SIGNING_KEY)

    def verify(self):
        if self.get("token_type") != self.token_type or not claims.are_well_formed(self.payload):
            raise InvalidToken
        self.check_times()

    def check_times(self):
        if not claims.are_current(self.payload, time.time()):
            raise InvalidToken


class AccessToken(CheckedClaims, tokens.AccessToken):
    pass


class RefreshToken(CheckedClaims, tokens.RefreshToken):
    """Passes `user_id` and `version` on to its access tokens, and also `session` to its successor."""

    access_token_class = AccessToken
    no_copy_claims = (*tokens.RefreshToken.no_copy_claims, "session")

    @classmethod
    def for_user(cls, user, session=None):
        """Return a new token, which continues the session or starts a new one."""
        token = super().for_user(user)
        token["version"] = user.token_version
        token["session"] = session or uuid4().hex
        return token

    @property
    def session(self):
        """The session, or None in a token issued by the previous version."""
        return self.get("session")

    def record(self):
        """Return a named tuple of the token's `pk`, `blacklisted_at`, whether its session has `ended`, and `now`.

        Both times come from the database's clock, because the nodes' clocks may differ.
        """
        records = OutstandingToken.objects.filter(jti=self["jti"]).annotate(
            blacklisted_at=F("blacklistedtoken__blacklisted_at"),
            ended=Exists(EndedSession.objects.filter(session=self.session or "")),
            now=Now(),
        )
        records = records.values_list("pk", "blacklisted_at", "ended", "now", named=True)
        return records.first() or (self.outstand() and records.get())

    def add_to_blacklist(self, record):
        """Blacklist the token; return False if another request has done it first."""
        # The unique row decides: of parallel requests with the same token, one inserts it.
        return bool(insert_blacklisted((record.pk, record.now)))


# SimpleJWT's own method would take the time from the node's clock.
insert_blacklisted = InsertNew(BlacklistedToken, "token", "blacklisted_at")


# Clients send a token for 15 minutes, and verifying its signature takes as long as a database query.
@lru_cache(maxsize=10_000)
def decode_access_token(raw):
    return AccessToken(raw)
