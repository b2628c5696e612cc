from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from . import tokens
from .models import User


class JWTAuthentication(authentication.JWTAuthentication):
    """`Authorization: Bearer <ACCESS_TOKEN>` (RFC 6750). Raises InvalidToken (401) for any invalid token."""

    def get_header(self, request):
        header = super().get_header(request)
        # The scheme is case-insensitive (RFC 9110).
        return b"Bearer" + header[6:] if header and header[:6].lower() == b"bearer" else header

    def get_raw_token(self, header):
        try:
            return super().get_raw_token(header)
        except AuthenticationFailed:
            raise tokens.InvalidToken from None

    def get_validated_token(self, raw_token):
        token = tokens.decode_access_token(raw_token)
        # Again, because the cached token may have expired since.
        token.check_times()
        return token

    def get_user(self, validated_token):
        user = User.objects.get_active(validated_token["user_id"], validated_token["version"])
        if user is None:
            raise tokens.InvalidToken
        return user
