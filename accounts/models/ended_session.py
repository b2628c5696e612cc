from django.db import models

from order_management.db.prepared import InsertNew


class EndedSessionManager(models.Manager):
    def end(self, session, *, expires_at):
        """Mark the session as ended; return whether it was still active."""
        return bool(insert_ended_session((session, expires_at)))


class EndedSession(models.Model):
    """A login whose refresh tokens have all been revoked, because a spent one was used again."""

    # The claim that each refresh token passes on to its successor.
    session = models.CharField(max_length=32, unique=True)
    # When the last of its refresh tokens has expired; the row must be kept until then.
    expires_at = models.DateTimeField()

    objects = EndedSessionManager()

    def __str__(self):
        return self.session


insert_ended_session = InsertNew(EndedSession, "session", "expires_at")
