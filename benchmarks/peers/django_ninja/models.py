from django.contrib.auth.models import User
from django.db import models


class RefreshToken(models.Model):
    jti = models.CharField(max_length=32, unique=True)
    user = models.ForeignKey(User, models.CASCADE, db_index=False)
    expires_at = models.DateTimeField()

    def __str__(self):
        return self.jti
