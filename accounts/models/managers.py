import hashlib
import unicodedata

from django.contrib.auth import get_user_model
from django.contrib.auth import models as auth
from django.db.models import Case, ProtectedError, Value, When
from django.utils import timezone

from order_management.db.prepared import Get, Select, SelectUndeleted
from order_management.db.rows import RowQuerySet

HAS_HISTORY = "A user with entries in the admin history cannot be deleted, only locked out."
# How many users are searched for the name of a failed login.
NAMES_MAX = 10_000


def digest(username):
    """Return the digest under which a username is counted: short, and safe if someone typed a password instead."""
    return hashlib.sha256(fold(username).encode()).hexdigest()[:16]


def fold(username):
    """Return what all spellings of a username have in common: casefold(NFKC(username))."""
    # Bytes of a command line that are not UTF-8 become question marks, which no username has.
    username = username.encode(errors="replace").decode()
    return unicodedata.normalize("NFKC", username).casefold()


class UserQuerySet(RowQuerySet):
    def rows(self):
        """Return the users as named tuples of what Admins see in the list."""
        role = self.model.Role
        users = self.annotate(role=Case(When(is_staff=True, then=Value(role.ADMIN)), default=Value(role.CUSTOMER)))
        return users.values_list("id", "username", "role", "is_active", "date_joined", named=True)

    def with_username(self, username):
        """Filter by username, in any spelling."""
        return self.filter(username_folded=fold(username))

    def active(self):
        """Leave out users who are locked out."""
        return self.filter(is_active=True)

    def with_role(self, role):
        return self.filter(is_staff=role == self.model.Role.ADMIN)

    def delete(self):
        """Delete the users, or raise ProtectedError if any have entries in the admin history.

        Django would delete those entries as well (LogEntry.user is CASCADE).
        """
        authors = self.filter(logentry__isnull=False).order_by().distinct()
        if authors.exists():
            raise ProtectedError(HAS_HISTORY, set(authors))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class UserManager(auth.UserManager.from_queryset(UserQuerySet)):
    def get_active(self, pk, token_version):
        """Return the active user with this id and token version, or None."""
        # SimpleJWT issues the id as text.
        return select_active(int(pk), token_version)

    def lock(self, user):
        """Keep a user from being deleted until the transaction ends; raise DoesNotExist if they have been already.

        This waits for nothing else, not even for an order for this user, which may wait for a product locked by this
        transaction. Management commands pass None: they have no user.
        """
        if user and not select_undeleted(user.pk):
            raise self.model.DoesNotExist

    def lock_alone(self, user):
        """Do the same as `lock`, and wait for all other transactions that lock the user in this way."""
        if not select_locked(user.pk):
            raise self.model.DoesNotExist

    def lock_active(self, username):
        """Return the active user with this username, in any spelling, or None.

        Until the transaction ends, they can be neither locked out nor deleted. As with `lock`, rows can refer to them.
        """
        return self.active().with_username(username).select_for_update(no_key=True).first()

    def create_anonymous(self, user):
        """Create the locked-out account that replaces a user, and keeps only their id and the day they joined."""
        anonymous = self.model(username=f"{self.model.ANONYMOUS}{user.pk}", date_joined=user.date_joined)
        anonymous.is_active = False
        anonymous.set_unusable_password()
        anonymous.save()
        return anonymous

    def update_last_login(self, user):
        """Set a user's last login to now, unless it has changed in the meantime.

        If another transaction has locked the user, this changes nothing: no login waits for a lock.
        """
        unlocked = self.select_for_update(no_key=True, skip_locked=True)
        unchanged = unlocked.filter(pk=user.pk, last_login=user.last_login)
        self.filter(pk__in=unchanged.values("pk")).update(last_login=timezone.now())

    def get_by_natural_key(self, username):
        """Find the user by any spelling of the username; Django's login and `createsuperuser` call this."""
        return self.with_username(username).get()

    def names_by_digest(self):
        """Return the names of the newest users, at most 10,000, by the digest under which failed logins are counted."""
        return {digest(name): name for name in self.order_by("-pk").values_list("username", flat=True)[:NAMES_MAX]}

    def get_id(self, username):
        """Return the id of the user with this username, or None."""
        return self.with_username(username).values_list("pk", flat=True).first()


# The statements behind the manager: see order_management/db/prepared.py.
select_active = Get(lambda pk, version: get_user_model().objects.filter(is_active=True, pk=pk, token_version=version))
select_locked = Select(
    lambda pk: get_user_model().objects.filter(pk=pk).select_for_update(no_key=True).values_list("pk")
)
select_undeleted = SelectUndeleted(select_locked.build)
