import hashlib
import time

from django.conf import settings
from django.db import models
from django.utils import timezone

from .user import fold


class ClientAddressManager(models.Manager):
    def seen(self, address):
        """Return what is known of an address; of a new one, nothing."""
        return self.filter(pk=address).first() or self.model(address=address)

    def locked(self, address):
        """Return the same, locked until the transaction ends."""
        # Whether it makes the row or finds it, this statement holds it from now on.
        row = self.model(address=address, changed_at=timezone.now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["address"], update_fields=["changed_at"])
        return self.get(pk=address)

    def quiet(self):
        """Return the addresses whose doings count for nothing any more."""
        window = max(settings.LOGIN_WINDOW, settings.REGISTER_RATE[1])
        return self.filter(changed_at__lt=timezone.now() - window)


class ClientAddress(models.Model):
    """What came from an address lately, as far as it is limited; kept here, so that all workers count together."""

    address = models.CharField(max_length=64, primary_key=True)
    # Pairs of a time and whose name it was, oldest first; times are seconds since 1970. There are never more than the
    # limits allow, so that all of them fit into one row, and one lock makes the count exact.
    failed_logins = models.JSONField(default=list)
    registrations = models.JSONField(default=list)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = ClientAddressManager()

    def __str__(self):
        return self.address

    def login_wait(self, username):
        """Return how many seconds it takes until the name may be tried from here: 0, unless too many tries failed."""
        window, name = settings.LOGIN_WINDOW, digest(username)
        times = [at for at, _ in self.failed_logins]
        times_of_name = [at for at, other in self.failed_logins if other == name]
        return max(
            wait(times, settings.LOGIN_FAILURES_OF_ADDRESS, window),
            wait(times_of_name, settings.LOGIN_FAILURES, window),
        )

    def has_failed(self, username):
        """Return whether a login under the name has failed within the window, and counts against it."""
        earliest = time.time() - settings.LOGIN_WINDOW.total_seconds()
        return any(name == digest(username) and at > earliest for at, name in self.failed_logins)

    def fail_login(self, username):
        earliest = time.time() - settings.LOGIN_WINDOW.total_seconds()
        recent = [[at, name] for at, name in self.failed_logins if at > earliest]
        self.failed_logins = [*recent, [time.time(), digest(username)]]
        self.save()

    def forgive_logins(self, username):
        """Count the failed logins of this name for the address alone."""
        name = digest(username)
        self.failed_logins = [[at, None if other == name else other] for at, other in self.failed_logins]
        self.save()

    def registration_wait(self):
        """Return how many seconds it takes until the next registration from here: 0, unless there were too many."""
        return wait(self.registrations, *settings.REGISTER_RATE)

    def register(self):
        earliest = time.time() - settings.REGISTER_RATE[1].total_seconds()
        self.registrations = [*(at for at in self.registrations if at > earliest), time.time()]
        self.save()


def wait(times, limit, window):
    """Return how many seconds it takes until fewer than `limit` of the times lie within the window before."""
    if len(times) < limit:
        return 0
    seconds = window.total_seconds()
    # No longer than the window, even if the clock was set back.
    return min(seconds, max(0, times[-limit] + seconds - time.time()))


def digest(username):
    """Return what a name is counted under: short, whatever is sent, and not what somebody typed in the wrong box."""
    return hashlib.sha256(fold(username).encode()).hexdigest()[:16]
