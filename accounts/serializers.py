from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core import exceptions
from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer

from order_management.api.fields import CharField, ChoiceField
from order_management.api.serializers import ModelSerializer, Serializer, StrictFieldsMixin
from order_management.characters import validate_no_ignorable
from order_management.exceptions import Code

from .models import NAME_MAX, NAME_TAKEN, User
from .tokens import InvalidToken, RefreshToken

TOKEN_MAX = 4096


class UsernameField(CharField):
    """A username, normalized to NFKC as Django stores it before its length and characters are checked."""

    def __init__(self, **kwargs):
        super().__init__(max_length=NAME_MAX, **kwargs)
        self.validators += [UnicodeUsernameValidator(), validate_no_ignorable]

    def to_internal_value(self, data):
        name = super().to_internal_value(data)
        # Normalizing takes quadratic time, so a name that is too long is left as it is: the length check refuses it.
        return name if len(name) > NAME_MAX else User.normalize_username(name)


class PasswordField(CharField):
    """A password exactly as typed, including white space."""

    def __init__(self, **kwargs):
        super().__init__(
            trim_whitespace=False, max_length=1024, write_only=True, style={"input_type": "password"}, **kwargs
        )


class RegistrationSerializer(Serializer):
    username = UsernameField()
    password = PasswordField()

    def validate_username(self, name):
        # Saves hashing the password in most cases. `services.register` handles a name that is taken in the meantime.
        if User.objects.with_username(name).exists():
            raise serializers.ValidationError(NAME_TAKEN)
        return name

    def validate(self, attrs):
        try:
            validate_password(attrs["password"], User(username=attrs["username"]))
        except exceptions.ValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class LoginSerializer(StrictFieldsMixin, TokenObtainPairSerializer):
    token_class = RefreshToken

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"] = CharField(write_only=True, max_length=NAME_MAX)
        self.fields["password"] = PasswordField()

    def validate(self, attrs):
        try:
            return super().validate(attrs)
        except IntegrityError:  # the user was deleted in the meantime
            raise AuthenticationFailed(self.error_messages["no_active_account"], Code.NO_ACTIVE_ACCOUNT) from None


# The rules for a new password depend on whose it is: views pass the user as the instance.
class PasswordChangeSerializer(Serializer):
    old_password = PasswordField()
    new_password = PasswordField()

    def validate_new_password(self, password):
        validate_password(password, self.instance)
        return password


class PasswordSetSerializer(PasswordChangeSerializer):
    old_password = None  # an Admin does not know it


class MeSerializer(ModelSerializer):
    """Your own account, as you read and change it."""

    role = ChoiceField(User.Role, read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "role", "email", "first_name", "last_name", "date_joined"]
        read_only_fields = ["username", "date_joined"]


class UserSerializer(ModelSerializer):
    """A user, as Admins read and change them."""

    role = ChoiceField(User.Role)

    class Meta:
        model = User
        fields = ["id", "username", "role", "is_active", "date_joined"]
        read_only_fields = ["username", "date_joined"]


class TokenField(CharField):
    """A token. Raises InvalidToken (401) without decoding it if it is longer than any issued here."""

    def to_internal_value(self, data):
        token = super().to_internal_value(data)
        if len(token) > TOKEN_MAX:
            raise InvalidToken
        return token


class RefreshSerializer(Serializer):
    refresh = TokenField()
    access = CharField(read_only=True)
