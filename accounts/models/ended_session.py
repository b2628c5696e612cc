from django.db import models

from order_management.db.prepared import InsertNew


class EndedSessionManager(models.Manager):
    def end(self, session, *, expires_at):
        """Mark the session as ended; return whether it was still active."""
        return bool(insert_ended_session((session, expires_at)))


class EndedSession(models.Model):
    """A session whose refresh tokens are all invalid, because a blacklisted one was used again."""

    # The `session` claim, which each refresh token passes on to its successor.
    session = models.CharField(max_length=32, unique=True)
    # The row must be kept until the last of its refresh tokens has expired.
    expires_at = models.DateTimeField()

    objects = EndedSessionManager()

    def __str__(self):
        return self.session


insert_ended_session = InsertNew(EndedSession, "session", "expires_at")
