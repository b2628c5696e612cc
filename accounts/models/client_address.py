import hashlib
import time

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW

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

    def expired(self):
        """Return a Q of addresses whose counters have expired, or were last changed by a clock that was ahead."""
        now, window = timezone.now(), max(settings.LOGIN_WINDOW, settings.REGISTER_RATE[1])
        return Q(changed_at__lt=now - window) | Q(changed_at__gt=now + CLOCK_SKEW)


class ClientAddress(models.Model):
    """What came from an address lately, as far as it is limited; kept here, so that all workers count together."""

    address = models.CharField(max_length=64, primary_key=True)
    # Pairs of a time, in seconds since 1970, and a name's digest. There are never more than the limits allow, so all
    # of them fit into one row, and one lock makes the count exact.
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
        """Return whether a login under the name has failed within the window, or is dated ahead of the clock."""
        earliest = time.time() - settings.LOGIN_WINDOW.total_seconds()
        return any(name == digest(username) and at > earliest for at, name in self.failed_logins)

    def fail_login(self, username):
        self.failed_logins = [*self.recent_failures(), [time.time(), digest(username)]]
        self.save()

    def forgive_logins(self, username):
        """Count the failed logins of this name for the address alone."""
        name = digest(username)
        self.failed_logins = [[at, None if other == name else other] for at, other in self.recent_failures()]
        self.save()

    def recent_failures(self):
        return [[at, name] for at, name in self.failed_logins if is_recent(at, settings.LOGIN_WINDOW)]

    def registration_wait(self):
        """Return how many seconds it takes until the next registration from here: 0, unless there were too many."""
        return wait(self.registrations, *settings.REGISTER_RATE)

    def register(self):
        recent = [at for at in self.registrations if is_recent(at, settings.REGISTER_RATE[1])]
        self.registrations = [*recent, time.time()]
        self.save()


def is_recent(at, window):
    """Return whether a time lies within the window before now; times in the future do not count."""
    age = time.time() - at
    return -CLOCK_SKEW.total_seconds() <= age < window.total_seconds()


def wait(times, limit, window):
    """Return how many seconds it takes until fewer than `limit` of the times lie within the window before."""
    # Sorted, because the clocks of the nodes that wrote them may differ.
    recent = sorted(at for at in times if is_recent(at, window))
    return max(0, recent[-limit] + window.total_seconds() - time.time()) if len(recent) >= limit else 0


def digest(username):
    """Return what a name is counted under: short, whatever is sent, and not what somebody typed in the wrong box."""
    return hashlib.sha256(fold(username).encode()).hexdigest()[:16]
