"""Password hashing and tokens."""

import uuid
from datetime import timedelta

import jwt
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import User
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from .models import RefreshToken


class Argon2idHasher(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19456
    parallelism = 1


class UserAuth(HttpBearer):
    def authenticate(self, request, token):
        try:
            claims = jwt.decode(token, settings.SECRET_KEY, ["HS256"], options={"require": ["exp", "sub"]})
        except jwt.InvalidTokenError:
            return None
        if claims.get("type") != "access":
            return None
        return User.objects.filter(pk=claims["sub"], is_active=True).first()


class AdminAuth(UserAuth):
    def authenticate(self, request, token):
        user = super().authenticate(request, token)
        if user and not user.is_staff:
            raise HttpError(403, "You do not have permission to perform this action.")
        return user


def new_tokens(user):
    now, jti = timezone.now(), uuid.uuid4().hex
    expires_at = now + timedelta(days=7)
    RefreshToken.objects.create(jti=jti, user=user, expires_at=expires_at)
    access = {"type": "access", "sub": str(user.pk), "exp": now + timedelta(minutes=15)}
    refresh = {"type": "refresh", "sub": str(user.pk), "exp": expires_at, "jti": jti}
    return {
        name: jwt.encode(claims, settings.SECRET_KEY) for name, claims in [("refresh", refresh), ("access", access)]
    }
