from rest_framework_simplejwt import authentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from . import tokens


class JWTAuthentication(authentication.JWTAuthentication):
    """`Authorization: Bearer <ACCESS_TOKEN>`, RFC 6750; whatever is wrong with it: InvalidToken (401)."""

    def get_header(self, request):
        header = super().get_header(request)
        # The scheme is read in any case, RFC 9110.
        return b"Bearer" + header[6:] if header and header[:6].lower() == b"bearer" else header

    def get_raw_token(self, header):
        try:
            return super().get_raw_token(header)
        except AuthenticationFailed:
            raise tokens.InvalidToken from None

    def get_validated_token(self, raw_token):
        return tokens.access_token(raw_token)

    def get_user(self, validated_token):
        return tokens.holder(validated_token)
