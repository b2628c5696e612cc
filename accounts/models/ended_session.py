from django.db import models

from order_management.prepared import InsertNew


class EndedSessionManager(models.Manager):
    def end(self, session, *, expires_at):
        """Mark the session as ended; return whether it was still going on."""
        return bool(insert_ended_session((session, expires_at)))


class EndedSession(models.Model):
    """A login all of whose refresh tokens are dead, because a spent one came again."""

    # The claim that each refresh token hands on to its successor.
    session = models.CharField(max_length=32, unique=True)
    # By then the last of its refresh tokens has expired; until then the row must be kept.
    expires_at = models.DateTimeField()

    objects = EndedSessionManager()

    def __str__(self):
        return self.session


insert_ended_session = InsertNew(EndedSession, "session", "expires_at").ids
