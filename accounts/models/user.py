from django.contrib.auth import models as auth
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, ProtectedError, Q
from django.utils.crypto import salted_hmac

from order_management.characters import validate_no_ignorable
from order_management.ops.logging import security_change

from ..hashers import Argon2Hasher
from .managers import HAS_HISTORY, UserManager, fold
from .versions import new_versions, random_version

NAME_MAX = 150
NAME_TAKEN = "A user with that username already exists."


class User(auth.AbstractUser):
    """A person with one of two roles. `is_staff` is the role; `is_superuser` always follows it."""

    class Role(models.TextChoices):
        ADMIN = "admin"
        CUSTOMER = "customer"

    # The usernames of anonymous users begin with this. Because of the colon, nobody can register one.
    ANONYMOUS = "anonymous:"

    username = models.CharField(
        max_length=NAME_MAX,
        unique=True,
        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
        validators=[UnicodeUsernameValidator(), validate_no_ignorable],
        error_messages={"unique": NAME_TAKEN},
    )
    # Folding makes a name up to three times as long ("ΐ").
    username_folded = models.CharField(max_length=450, unique=True, editable=False)
    # Part of every token and, with the next field, of every admin session: a new value ends those issued before.
    token_version = models.PositiveIntegerField(default=random_version, editable=False)
    # For admin sessions only. Null for users older than this column, until their sessions are first ended.
    session_version = models.PositiveIntegerField(default=random_version, null=True, editable=False)

    objects = UserManager()

    # Whether the password has changed since the user was last saved.
    _password_changed = False

    class Meta(auth.AbstractUser.Meta):
        indexes = [
            models.Index(fields=["date_joined", "id"], name="users_by_joining"),
            # Users whose hash will be upgraded at their next login: usually none. See accounts/timing.py.
            models.Index(
                fields=["id"],
                name="old_hashes",
                condition=~Q(password__startswith=f"{Argon2Hasher.kind}$") & ~Q(password__startswith="!"),  # noqa: S106
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(is_superuser=F("is_staff")), name="one_role"),
        ]

    def clean(self):
        super().clean()
        # The username is empty if the form has already refused it.
        if User.objects.with_username(self.username or "").exclude(pk=self.pk).exists():
            raise ValidationError({"username": NAME_TAKEN})

    def save(self, *args, update_fields=None, **kwargs):
        derived = set()
        if update_fields is None or "username" in update_fields:
            self.username_folded = fold(self.username)
            derived.add("username_folded")
        # Set by set_password(), but not by upgrade_hash() at a login, which sessions survive.
        if self._password is not None and not self._state.adding:
            self._password_changed = True
        if self._password_changed:
            derived.update(self.end_sessions())
        # Otherwise Django would re-insert a user who has been deleted in the meantime.
        kwargs.setdefault("force_update", not self._state.adding)
        super().save(*args, update_fields=update_fields and {*update_fields, *derived}, **kwargs)
        if self._password_changed:
            security_change("password_changed", user=self.pk)
            self._password_changed = False

    def delete(self, *args, **kwargs):
        if self.logentry_set.exists():
            raise ProtectedError(HAS_HISTORY, {self})
        return super().delete(*args, **kwargs)

    delete.alters_data = True

    def set_unusable_password(self):
        super().set_unusable_password()
        self._password_changed = not self._state.adding

    @property
    def is_admin(self):
        return self.is_staff

    @property
    def role(self):
        return self.Role.ADMIN if self.is_staff else self.Role.CUSTOMER

    @role.setter
    def role(self, role):
        self.is_staff = self.is_superuser = role == self.Role.ADMIN

    @property
    def is_anonymised(self):
        return self.username.startswith(self.ANONYMOUS)

    def set_access(self, *, role=None, is_active=None):
        """Set the role, or lock the user out or let them in again; None leaves a value unchanged."""
        before = self.role, self.is_active
        self.role = role or self.role
        self.is_active = self.is_active if is_active is None else is_active
        # Only these columns, so that concurrent changes to others are kept.
        self.save(update_fields=["is_staff", "is_superuser", "is_active", *self.revoke_lost_access(*before)])

    def revoke_lost_access(self, role, is_active):
        """End the sessions that the user loses by a change from this role and access; return the fields to save."""
        # Also when letting them in: a node of the previous version may have locked them out but left admin sessions.
        if not (is_active and self.is_active):
            return self.end_sessions()
        if self.role == role:
            return []
        # Tokens stay valid, because the role is read on every call.
        self.session_version = random_version()
        return ["session_version"]

    def update_profile(self, **fields):
        """Set the given fields and save only these."""
        for field, value in fields.items():
            setattr(self, field, value)
        self.save(update_fields=fields)

    def change_password(self, new):
        """Change the password, which ends all tokens and sessions; return False if it has changed in the meantime."""
        current = User.objects.filter(pk=self.pk, password=self.password)
        self.set_password(new)
        # Compare and swap: of two concurrent changes, the second no longer finds the old hash.
        changed = bool(current.update(password=self.password, **new_versions()))
        if changed:
            security_change("password_changed", user=self.pk)
        return changed

    def check_password(self, raw_password):
        return check_password(raw_password, self.password, self.upgrade_hash)

    def upgrade_hash(self, raw_password):
        """Replace the hash with one of the same password by the preferred hasher."""
        old, self.password = self.password, make_password(raw_password)
        # Compare and swap, so as not to undo a concurrent password change.
        User.objects.filter(pk=self.pk, password=old).update(password=self.password)

    def end_sessions(self):
        """End all tokens and admin sessions issued so far, once the user is saved; return the fields to save."""
        versions = new_versions()
        for field, version in versions.items():
            setattr(self, field, version)
        return list(versions)

    def _get_session_auth_hash(self, secret=None):
        """Return the hash that the admin site compares with the session's, by the secret key or a fallback."""
        value = super()._get_session_auth_hash(secret=secret)
        # So that sessions of existing users survive the upgrade, and nodes of both versions accept each other's.
        if self.session_version is None:
            return value
        versions = f"{value}:{self.token_version}:{self.session_version}"
        return salted_hmac("accounts.User.session", versions, secret=secret, algorithm="sha256").hexdigest()
