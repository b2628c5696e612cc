from django.db import models
from django.utils import timezone

from order_management.exceptions import Conflict


class AlreadySent(Conflict):
    detail = "This form has already been submitted. Nothing was changed this time."


class FormTokenManager(models.Manager):
    def check_unused(self, token):
        """Raise AlreadySent if the token has already been used."""
        if self.filter(token=token).exists():
            raise AlreadySent

    def use(self, token):
        """Use up a token in the caller's transaction and return its row, or raise AlreadySent."""
        # The unique row is the lock: a parallel request with the same form waits here until this transaction ends.
        row, new = self.get_or_create(token=token)
        if not new:
            raise AlreadySent
        return row


class FormToken(models.Model):
    """The used token of a form in the admin site, which has made its change and cannot make another.

    There is no foreign key to the user: it would lock the user's row before the change does, and two Admins who change
    each other would deadlock.
    """

    token = models.CharField(max_length=32, unique=True)
    used_at = models.DateTimeField(default=timezone.now)

    objects = FormTokenManager()

    def __str__(self):
        return self.token
