"""The forms of the users admin."""

from django import forms
from django.contrib.auth.forms import UserChangeForm
from unfold.forms import UserCreationForm

from .models import User


class NewUserForm(UserCreationForm):
    # Everybody logs in with a password.
    usable_password = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].required = True


class UserForm(UserChangeForm):
    password = None
    role = forms.ChoiceField(choices=User.Role.choices, show_hidden_initial=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].initial = self.instance.role
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = "Users who are not active are locked out: they cannot log in."

    def _get_validation_exclusions(self):
        # A username that is older than a rule may stay as it is.
        return super()._get_validation_exclusions() | ({"username"} - set(self.changed_data))
