from django.conf import settings
from django.db import models
from django.utils import timezone

from order_management.db.prepared import InsertNew
from order_management.exceptions import Code, Conflict

# The request of a row that the previous version wrote: it accepted keys for nothing else.
LEGACY_REQUEST = "POST /api/orders/"


class KeyReused(Conflict):
    status, code = 422, Code.KEY_REUSED
    detail = "This Idempotency-Key was used with another request."


class IdempotencyKeyManager(models.Manager):
    def claim(self, user, key, *, request, fingerprint):
        """Return the row of the key, new or of an earlier request; raise KeyReused if that was a different one.

        The unique row is the lock: a concurrent request with the same key waits here until this transaction ends.
        """
        now = timezone.now()
        new = insert_key((user.pk, key, request, fingerprint, "", now))
        if new:
            return self.model(pk=new[0], user=user, key=key, request=request, fingerprint=fingerprint)
        # Locked, because after a crash PostgreSQL shows commits that were still waiting for the replica. The lock is a
        # write, so the commit of this transaction, and with it the answer, waits until the replica has both.
        row = self.select_for_update(no_key=True).filter(user=user, key=key).first()
        if row is None:  # purged since the INSERT found it
            return self.claim(user, key, request=request, fingerprint=fingerprint)
        if (row.request or LEGACY_REQUEST, row.fingerprint) != (request, fingerprint):
            raise KeyReused
        return row


class IdempotencyKey(models.Model):
    """A key that a user sent with a change, and the answer, which is sent again for the same request."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    # The method and the path. Null, like the next two, in rows of the previous version, which placed orders only.
    request = models.TextField(null=True)  # noqa: DJ001
    fingerprint = models.CharField(max_length=64)  # of the checked data
    status = models.SmallIntegerField(null=True)
    headers = models.JSONField(null=True)
    response = models.TextField()  # the body; blank only until the change is made
    created_at = models.DateTimeField(default=timezone.now)

    objects = IdempotencyKeyManager()

    class Meta:
        db_table = "orders_idempotencykey"  # the model used to be in the orders app
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="key_once_per_user")]

    def __str__(self):
        return self.key


insert_key = InsertNew(IdempotencyKey, "user", "key", "request", "fingerprint", "response", "created_at")
