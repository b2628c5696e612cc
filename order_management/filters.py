from django import forms
from django_filters import rest_framework as filters
from rest_framework.exceptions import PermissionDenied

from accounts.models import User

from .fields import NUMBER


class PlainDecimalField(forms.DecimalField):
    def to_python(self, value):
        if value and not NUMBER.fullmatch(value):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class NumberFilter(filters.NumberFilter):
    field_class = PlainDecimalField


class FilterSet(filters.FilterSet):
    """Filters of a list; those named in `admin_only` are refused to others: 403."""

    admin_only = ()

    def is_valid(self):
        if self.request.user.role != User.Role.ADMIN:
            for name in self.admin_only:
                if name in self.data:
                    raise PermissionDenied(f"Only an Admin may filter by {name}.")
        return super().is_valid()
