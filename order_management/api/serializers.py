from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from . import fields

# No docstrings: drf-spectacular would publish them as the description of serializers without one.


# Refuses unknown fields if the request is strict (see strict.py), and reports them together with all other errors.
class StrictFieldsMixin:
    # DRF names Python's types.
    default_error_messages = {"invalid": "Must be an object."}

    def run_validation(self, data=serializers.empty):
        # DRF would call these errors `non_field_errors`, as if that were a field.
        if self.parent is None and not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return super().run_validation(data)

    def to_internal_value(self, data):
        strict = getattr(self.context.get("request"), "strict", None)
        errors = strict.errors("field", data, self.fields) if strict and isinstance(data, dict) else {}
        if not errors:
            return super().to_internal_value(data)
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors = error.detail | errors
        raise serializers.ValidationError(errors)


class Serializer(StrictFieldsMixin, serializers.Serializer):
    pass


def refuse_fields(request):
    """Raise ValidationError (400) if a strict request sends fields to a call that has none."""
    if request.strict:
        Serializer(data=request.data, context={"request": request}).is_valid(raise_exception=True)


class ModelSerializer(StrictFieldsMixin, serializers.ModelSerializer):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: fields.CharField,
        models.EmailField: fields.EmailField,
    }
    serializer_choice_field = fields.ChoiceField
