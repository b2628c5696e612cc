from copy import copy

from django.db import models
from rest_framework import serializers

from . import fields

# No docstrings: drf-spectacular would show them to callers, as the description of serializers without one.


class ModelSerializer(serializers.ModelSerializer):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.CharField: fields.CharField,
        models.EmailField: fields.EmailField,
    }
    serializer_choice_field = fields.ChoiceField


# DRF makes every declared field anew for each request, a tenth of what a small write costs. A copy has its parent and
# name to itself; the child of a ListField stays shared, and must keep no state.
class SharedFieldsMixin:
    def get_fields(self):
        return {name: copy(field) for name, field in self._declared_fields.items()}
