from django.db import models
from django.utils import timezone

from order_management.exceptions import Conflict


class AlreadySent(Conflict):
    detail = "This form has already been submitted. Nothing was changed this time."


class FormTokenManager(models.Manager):
    def check_unused(self, token):
        """Raise AlreadySent if the token has been used."""
        if self.filter(token=token).exists():
            raise AlreadySent

    def use(self, token):
        """Use up a token in the caller's transaction and return its row, or raise AlreadySent."""
        # The unique row is the lock: the same form sent in parallel waits here until this transaction ends.
        row, new = self.get_or_create(token=token)
        if not new:
            raise AlreadySent
        return row


class FormToken(models.Model):
    """The used token of a form in the admin site: the form has made its change and cannot make another.

    It has no foreign key to the user, because that would lock the user's row before the change does: two Admins who
    change each other would deadlock.
    """

    token = models.CharField(max_length=32, unique=True)
    used_at = models.DateTimeField(default=timezone.now)

    objects = FormTokenManager()

    def __str__(self):
        return self.token
