import unicodedata

from django.contrib.auth import models as auth
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Value, When

from order_management.logs import security_change
from order_management.prepared import Get

NAME_TAKEN = "A user with that username already exists."


def fold(username):
    """Return what two spellings of one name have in common: casefold(NFKC(name))."""
    return unicodedata.normalize("NFKC", username).casefold()


class UserManager(auth.UserManager):
    def rows(self):
        """Return the users as dicts, as Admins see them in lists."""
        role = Case(When(is_staff=True, then=Value(self.model.Role.ADMIN)), default=Value(self.model.Role.CUSTOMER))
        return self.values("id", "username", "is_active", "date_joined", role=role)

    def get_by_natural_key(self, username):
        """Find the user whatever the spelling; Django's login and `createsuperuser` look up here."""
        return self.get(username_folded=fold(username))

    def id_of(self, username):
        """Return the id of the user with this name, or None."""
        return self.filter(username_folded=fold(username)).values_list("pk", flat=True).first()

    def holding(self, token):
        """Return the active user a verified token was issued to and is still valid for, or None."""
        try:
            return active_user(int(token["user_id"]), int(token["version"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            return None


class User(auth.AbstractUser):
    """A person with one of two roles. `is_staff` is the role; `is_superuser` always follows it."""

    class Role(models.TextChoices):
        ADMIN = "admin"
        CUSTOMER = "customer"

    # Folding makes a name up to three times as long ("ΐ").
    username_folded = models.CharField(max_length=450, unique=True, editable=False)
    # Part of every token; raising it ends all that were issued before.
    token_version = models.PositiveIntegerField(default=0, editable=False)

    objects = UserManager()

    # Since it was last saved.
    _password_changed = False

    class Meta(auth.AbstractUser.Meta):
        indexes = [models.Index(fields=["date_joined", "id"], name="users_by_joining")]
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
            self.revoke_tokens()
        if not isinstance(self.token_version, int):  # see revoke_tokens
            derived.add("token_version")
        super().save(*args, update_fields=update_fields and {*update_fields, *derived}, **kwargs)
        if "token_version" in derived:
            self.refresh_from_db(fields=["token_version"])
        if self._password_changed:
            security_change("password_changed", user=self.pk)
            self._password_changed = False

    def set_unusable_password(self):
        super().set_unusable_password()
        self._password_changed = not self._state.adding

    @property
    def role(self):
        return self.Role.ADMIN if self.is_staff else self.Role.CUSTOMER

    @role.setter
    def role(self, role):
        self.is_staff = self.is_superuser = role == self.Role.ADMIN

    def change(self, *, role=None, is_active=None):
        """Give the user another role, or lock the user out, or in again; None leaves it as it is."""
        changed = []
        if role is not None:
            self.role = role
            changed += ["is_staff", "is_superuser"]
        if is_active is not None:
            self.is_active = is_active
            changed += ["is_active"]
            if not is_active:
                self.revoke_tokens()
        # No other column: whatever else happens to the user meanwhile stays.
        self.save(update_fields=changed)

    def change_profile(self, **fields):
        """Change what a person says of themself, and nothing else."""
        for field, value in fields.items():
            setattr(self, field, value)
        self.save(update_fields=fields)

    def change_password(self, new):
        """Change the password, which ends every token; return False if it has been changed meanwhile."""
        current = User.objects.filter(pk=self.pk, password=self.password)
        self.set_password(new)
        # Compare and swap: of two changes at the same moment, the second finds the old one gone.
        changed = bool(current.update(password=self.password, token_version=models.F("token_version") + 1))
        if changed:
            security_change("password_changed", user=self.pk)
        return changed

    def revoke_tokens(self):
        """End every access and refresh token issued so far, once saved."""
        # Counted by the database: of two changes at once, neither leaves the other's tokens alive.
        self.token_version = models.F("token_version") + 1


# Asked with every call.
active_user = Get(lambda pk, version: User.objects.filter(is_active=True, pk=pk, token_version=version))
