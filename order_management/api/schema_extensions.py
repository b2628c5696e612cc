"""How drf-spectacular documents our own fields and filters. Importing this module registers them."""

from decimal import Decimal

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiSerializerFieldExtension

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


class BoundedFilterExtension(DjangoFilterExtension):
    """Adds the bounds that the filters check."""

    priority = 1

    def resolve_filter_field(self, auto_schema, model, filterset_class, field_name, filter_field):
        parameters = super().resolve_filter_field(auto_schema, model, filterset_class, field_name, filter_field)
        for parameter in parameters:
            # In a fixed order, so that every process builds the same document, with the same ETag.
            for name, keyword in BOUNDS.items():
                bound = filter_field.extra.get(name)
                if bound is not None:
                    parameter["schema"][keyword] = float(bound) if isinstance(bound, Decimal) else bound
        return parameters
