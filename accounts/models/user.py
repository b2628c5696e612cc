import unicodedata

from django.contrib.auth import models as auth
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import ProtectedError, Q
from django.utils.crypto import salted_hmac

from order_management.characters import validate_no_ignorable
from order_management.db.prepared import Get
from order_management.ops.logging import security_change

from ..hashers import Argon2Hasher
from .versions import new_versions, random_version

NAME_MAX = 150
NAME_TAKEN = "A user with that username already exists."
HAS_HISTORY = "A user with entries in the admin history cannot be deleted, only locked out."


def fold(username):
    """Return what two spellings of one name have in common: casefold(NFKC(name))."""
    return unicodedata.normalize("NFKC", username).casefold()


class UserQuerySet(models.QuerySet):
    def delete(self):
        """Delete the users, or raise ProtectedError if any have entries in the admin history, as with orders.

        Django would delete those entries, too (LogEntry.user is CASCADE).
        """
        authors = self.filter(logentry__isnull=False).order_by().distinct()
        if authors.exists():
            raise ProtectedError(HAS_HISTORY, set(authors))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class UserManager(auth.UserManager.from_queryset(UserQuerySet)):
    def get_by_natural_key(self, username):
        """Find the user whatever the spelling; Django's login and `createsuperuser` look up here."""
        return self.get(username_folded=fold(username))

    def id_of(self, username):
        """Return the id of the user with this name, or None."""
        return self.filter(username_folded=fold(username)).values_list("pk", flat=True).first()

    def holding(self, token):
        """Return the active user a verified token was issued to and is still valid for, or None."""
        return active_user(int(token["user_id"]), token["version"])


class User(auth.AbstractUser):
    """A person with one of two roles. `is_staff` is the role; `is_superuser` always follows it."""

    class Role(models.TextChoices):
        ADMIN = "admin"
        CUSTOMER = "customer"

    # Folding makes a name up to three times as long ("ΐ").
    username_folded = models.CharField(max_length=450, unique=True, editable=False)
    # Part of every token and, with the next field, of every admin session: changing it ends what was issued before.
    token_version = models.PositiveIntegerField(default=random_version, editable=False)
    # For admin sessions only. Null for users who are older than this column, until their sessions are ended once.
    session_version = models.PositiveIntegerField(default=random_version, null=True, editable=False)

    objects = UserManager()

    # Since it was last saved.
    _password_changed = False

    class Meta(auth.AbstractUser.Meta):
        indexes = [
            models.Index(fields=["date_joined", "id"], name="users_by_joining"),
            # Users who get a new hash at their next login: usually none. See accounts/timing.py.
            models.Index(
                fields=["id"],
                name="old_hashes",
                condition=~Q(password__startswith=f"{Argon2Hasher.kind}$") & ~Q(password__startswith="!"),  # noqa: S106
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(is_superuser=models.F("is_staff")), name="one_role"),
        ]

    def clean(self):
        super().clean()
        # A form leaves the name empty that it has already refused.
        taken = type(self).objects.filter(username_folded=fold(self.username or "")).exclude(pk=self.pk)
        if taken.exists():
            raise ValidationError({"username": NAME_TAKEN})

    def save(self, *args, update_fields=None, **kwargs):
        derived = set()
        if update_fields is None or "username" in update_fields:
            self.username_folded = fold(self.username)
            derived.add("username_folded")
        # Set by a person's set_password(), but not when a login upgrades the hash: sessions survive that.
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

    def change(self, *, role=None, is_active=None):
        """Give the user another role, or lock the user out, or in again; None leaves it as it is."""
        before, changed = (self.role, self.is_active), []
        if role is not None:
            self.role = role
            changed += ["is_staff", "is_superuser"]
        if is_active is not None:
            self.is_active = is_active
            changed += ["is_active"]
        changed += self.end_what_lost_access(*before)
        # No other column: whatever else happens to the user meanwhile stays.
        self.save(update_fields=changed)

    def end_what_lost_access(self, role, is_active):
        """End what must not outlive a change from this role and access; return the fields that were set."""
        # Also when letting in: a node of the previous version may have locked them out, which kept admin sessions.
        if not (is_active and self.is_active):
            return self.end_sessions()
        if self.role == role:
            return []
        # Tokens stay valid and get the new role.
        self.session_version = random_version()
        return ["session_version"]

    def change_profile(self, **fields):
        """Change what a person says of themself, and nothing else."""
        for field, value in fields.items():
            setattr(self, field, value)
        self.save(update_fields=fields)

    def change_password(self, new):
        """Change the password, which ends every token and session; return False if it has changed in the meantime."""
        current = User.objects.filter(pk=self.pk, password=self.password)
        self.set_password(new)
        # Compare and swap: of two changes at the same moment, the second finds the old one gone.
        changed = bool(current.update(password=self.password, **new_versions()))
        if changed:
            security_change("password_changed", user=self.pk)
        return changed

    def check_password(self, raw_password):
        return check_password(raw_password, self.password, self.upgrade_hash)

    def upgrade_hash(self, raw_password):
        """Replace the hash with a better one of the same password."""
        old, self.password = self.password, make_password(raw_password)
        # Compare and swap: a password that was changed in the meantime stays changed.
        User.objects.filter(pk=self.pk, password=old).update(password=self.password)

    def end_sessions(self):
        """End all tokens and admin sessions issued so far, once saved; return the fields to save."""
        versions = new_versions()
        for field, version in versions.items():
            setattr(self, field, version)
        return list(versions)

    def _get_session_auth_hash(self, secret=None):
        """Return what the admin site compares with the session, made with Django's key or one of its fallbacks."""
        value = super()._get_session_auth_hash(secret=secret)
        # So the sessions of existing users survive the upgrade, and nodes of both versions accept each other's.
        if self.session_version is None:
            return value
        versions = f"{value}:{self.token_version}:{self.session_version}"
        return salted_hmac("accounts.User.session", versions, secret=secret, algorithm="sha256").hexdigest()


# Forms and `createsuperuser` use the field's validators. Declaring this one on the field would need a migration.
User._meta.get_field("username").validators.append(validate_no_ignorable)

# Asked with every call.
active_user = Get(lambda pk, version: User.objects.filter(is_active=True, pk=pk, token_version=version))
