from copy import copy

from django.db import models
from rest_framework import serializers

from . import fields

# No docstrings: drf-spectacular would publish them as the description of serializers without one.


class ModelSerializer(serializers.ModelSerializer):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: fields.CharField,
        models.EmailField: fields.EmailField,
    }
    serializer_choice_field = fields.ChoiceField


# DRF deep-copies every declared field for each request: a tenth of the cost of a small write. A shallow copy has its
# own parent and name; the child of a ListField stays shared, and must keep no state.
class SharedFieldsMixin:
    def get_fields(self):
        return {name: copy(field) for name, field in self._declared_fields.items()}
