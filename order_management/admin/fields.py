from django import forms
from rest_framework import serializers


class APIField(forms.Field):
    """A form field that validates with a serializer field: the same rules and messages as the API."""

    def __init__(self, api_field, **options):
        self.api_field = api_field
        super().__init__(**options)

    def to_python(self, value):
        if value is None:
            value = serializers.empty if self.api_field.required else ""
        try:
            return self.api_field.run_validation(value)
        except serializers.ValidationError as error:
            raise forms.ValidationError(list(error.detail)) from error

    def validate(self, value):
        """Do nothing: to_python validates."""
