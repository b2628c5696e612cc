import time
from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from order_management.clocks import CLOCK_SKEW

from .managers import digest

LOCKED_OUT_MAX = 500  # addresses that are shown


class ClientAddressManager(models.Manager):
    def get_or_new(self, address):
        """Return the row of an address, or a new unsaved one."""
        return self.filter(pk=address).first() or self.model(address=address)

    def lock(self, address):
        """Return the row of an address, created if necessary and locked until the transaction ends."""
        # This statement locks the row, whether it inserts or updates it.
        row = self.model(address=address, changed_at=timezone.now())
        self.bulk_create([row], update_conflicts=True, unique_fields=["address"], update_fields=["changed_at"])
        return self.get(pk=address)

    def locked_out(self):
        """Return the addresses at which a name or all names are locked out now, newest first: at most 500."""
        now = timezone.now()
        recent = self.filter(changed_at__gt=now - settings.LOGIN_WINDOW, changed_at__lte=now + CLOCK_SKEW)
        # An address needs a closer look only if it has enough failures, of all names together.
        enough = recent.filter(**{f"failed_logins__{settings.LOGIN_FAILURES - 1}__isnull": False})
        return [client for client in enough.order_by("-changed_at")[:LOCKED_OUT_MAX] if client.lockouts()]

    def failures_of(self, username):
        """Return the failed logins with a username as tuples of an address and a time, by address."""
        name, rows = digest(username), self.order_by("pk").values_list("pk", "failed_logins")
        return [
            (address, datetime.fromtimestamp(at, UTC))
            for address, failed in rows
            for at, other in failed
            if other == name
        ]

    def reset_failures(self, username):
        """Clear the counts of a username at all addresses."""
        # In the order of the addresses, so that two of these cannot deadlock.
        for address in dict(self.failures_of(username)):
            self.lock(address).reset_failures(username)

    def expired(self):
        """Return a Q of addresses whose counters have expired, or were last changed by a clock that was ahead."""
        now, window = timezone.now(), max(settings.LOGIN_WINDOW, settings.REGISTER_RATE[1])
        return Q(changed_at__lt=now - window) | Q(changed_at__gt=now + CLOCK_SKEW)


class ClientAddress(models.Model):
    """Recent failed logins and registrations from one address, in the database so that all workers share the counts."""

    address = models.CharField(max_length=64, primary_key=True)
    # Pairs of a time, in seconds since 1970, and the digest of a username. There are never more than the limits allow,
    # so all of them fit into one row, and one lock makes the count exact.
    failed_logins = models.JSONField(default=list)
    registrations = models.JSONField(default=list)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = ClientAddressManager()

    def __str__(self):
        return self.address

    def login_wait(self, username):
        """Return how many seconds to wait before the username may log in from here; 0 if it may log in now."""
        window, name = settings.LOGIN_WINDOW, digest(username)
        times = [at for at, _ in self.failed_logins]
        times_of_name = [at for at, other in self.failed_logins if other == name]
        return max(
            wait(times, settings.LOGIN_FAILURES_OF_ADDRESS, window),
            wait(times_of_name, settings.LOGIN_FAILURES, window),
        )

    def lockouts(self):
        """Return how many seconds each lockout still lasts, by the digest of the name; None stands for all names."""
        times = {}
        for at, name in self.failed_logins:
            times.setdefault(name, []).append(at)
        waits = {name: wait(times[name], settings.LOGIN_FAILURES, settings.LOGIN_WINDOW) for name in times if name}
        every = [at for at, _ in self.failed_logins]
        waits[None] = wait(every, settings.LOGIN_FAILURES_OF_ADDRESS, settings.LOGIN_WINDOW)
        return {name: seconds for name, seconds in waits.items() if seconds}

    def has_failures(self, username):
        """Return whether a login with the username failed within the window, or at a time ahead of the clock."""
        earliest = time.time() - settings.LOGIN_WINDOW.total_seconds()
        return any(name == digest(username) and at > earliest for at, name in self.failed_logins)

    def record_failure(self, username):
        self.failed_logins = [*self.recent_failures(), [time.time(), digest(username)]]
        self.save()

    def reset_failures(self, username):
        """Clear the count of the username; its failed logins still count for the address."""
        name = digest(username)
        self.failed_logins = [[at, None if other == name else other] for at, other in self.recent_failures()]
        self.save()

    def clear_failures(self):
        """Let everybody in again: failed logins from here no longer count."""
        self.failed_logins = []
        self.save()

    def recent_failures(self):
        return [[at, name] for at, name in self.failed_logins if is_recent(at, settings.LOGIN_WINDOW)]

    def registration_wait(self):
        """Return how many seconds to wait before the next registration from here; 0 if it is allowed now."""
        return wait(self.registrations, *settings.REGISTER_RATE)

    def record_registration(self):
        recent = [at for at in self.registrations if is_recent(at, settings.REGISTER_RATE[1])]
        self.registrations = [*recent, time.time()]
        self.save()


def is_recent(at, window):
    """Return whether a time lies within the window up to now; times in the future do not count."""
    age = time.time() - at
    return -CLOCK_SKEW.total_seconds() <= age < window.total_seconds()


def wait(times, limit, window):
    """Return how many seconds it takes until fewer than `limit` of the times are within the window."""
    # Sorted, because the clocks of the nodes that wrote them may differ.
    recent = sorted(at for at in times if is_recent(at, window))
    return max(0, recent[-limit] + window.total_seconds() - time.time()) if len(recent) >= limit else 0
