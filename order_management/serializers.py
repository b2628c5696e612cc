from copy import copy


# No docstring: drf-spectacular would show it to callers, as the description of those that have none of their own.
# DRF makes every declared field anew for each request, a tenth of what a small write costs. A copy has its parent and
# name to itself; the child of a ListField stays shared, and must keep no state.
class SharedFieldsMixin:
    def get_fields(self):
        return {name: copy(field) for name, field in self._declared_fields.items()}
