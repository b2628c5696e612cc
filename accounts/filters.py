from django_filters import rest_framework as filters

from order_management.api.filters import BooleanFilter, FilterSet

from .models import User


class UserFilter(FilterSet):
    role = filters.ChoiceFilter(choices=User.Role.choices, method="filter_role", help_text="Users of this role.")
    is_active = BooleanFilter(help_text="Whether they may log in.")
    search = filters.CharFilter("username", "icontains", max_length=150, help_text="Part of the name, in any case.")

    def filter_role(self, users, name, value):
        return users.with_role(value)
