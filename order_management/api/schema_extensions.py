"""How drf-spectacular documents our own fields and filters. Importing this module registers them."""

from decimal import Decimal

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from .filters import ChoicesFilter

BOUNDS = {"min_value": "minimum", "max_value": "maximum", "max_length": "maxLength"}


class MoneyFieldExtension(OpenApiSerializerFieldExtension):
    target_class = "order_management.api.fields.MoneyField"

    def map_serializer_field(self, auto_schema, direction):
        digits = self.target.max_digits - 2
        if direction == "response":
            return {"type": "string", "pattern": rf"^[0-9]{{1,{digits}}}\.[0-9]{{2}}$"}
        maximum = float(self.target.max_value)
        return {
            "oneOf": [
                {"type": "number", "minimum": 0, "maximum": maximum},
                {"type": "string", "pattern": rf"^[0-9]{{1,{digits}}}(\.([0-9]|[0-9]{{2}}0*))?$"},
            ],
            "description": f"At most two decimal places, not counting trailing zeros; up to {self.target.max_value}.",
        }


class EmailFieldExtension(OpenApiSerializerFieldExtension):
    """An email address or "". With drf-spectacular's `oneOf`, "" is invalid if the validator ignores the `format`."""

    target_class = "order_management.api.fields.EmailField"

    def map_serializer_field(self, auto_schema, direction):
        address = {"type": "string", "format": "email", "maxLength": self.target.max_length}
        return {"anyOf": [address, {"type": "string", "maxLength": 0}]} if self.target.allow_blank else address


class FilterExtension(DjangoFilterExtension):
    """Adds what our filters check: bounds, whole numbers, and several choices."""

    priority = 1

    def resolve_filter_field(self, auto_schema, model, filterset_class, field_name, filter_field):
        parameters = super().resolve_filter_field(auto_schema, model, filterset_class, field_name, filter_field)
        for parameter in parameters:
            # In a fixed order, so that every process builds the same document, with the same ETag.
            for name, keyword in BOUNDS.items():
                bound = filter_field.extra.get(name)
                if bound is not None:
                    parameter["schema"][keyword] = float(bound) if isinstance(bound, Decimal) else bound
            if filter_field.extra.get("decimal_places") == 0:
                parameter["schema"]["type"] = "integer"
            if isinstance(filter_field, ChoicesFilter):
                parameter["schema"] = comma_separated(parameter["schema"]["enum"])
        return parameters


def comma_separated(choices):
    """Return the schema of one or several choices: text, because clients write arrays in different ways."""
    choice = f"({'|'.join(choices)})"
    return {"type": "string", "pattern": f"^{choice}(,{choice})*$", "examples": [*choices, ",".join(choices[:2])]}
