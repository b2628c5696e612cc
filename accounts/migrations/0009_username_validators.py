"""Locks nothing: only a validator changes, which the database does not know of."""

import django.contrib.auth.validators
from django.db import migrations, models

import order_management.characters


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_idempotency_key"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                error_messages={"unique": "A user with that username already exists."},
                help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                max_length=150,
                unique=True,
                validators=[
                    django.contrib.auth.validators.UnicodeUsernameValidator(),
                    order_management.characters.validate_no_ignorable,
                ],
            ),
        ),
    ]
