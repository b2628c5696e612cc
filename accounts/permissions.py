from rest_framework.permissions import SAFE_METHODS, BasePermission

from .models import User


class IsAdmin(BasePermission):
    """The user is logged in as an Admin."""

    message = "Only an Admin may do this."

    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.role == User.Role.ADMIN


class IsCustomer(BasePermission):
    """The user is logged in as a Customer."""

    message = "Only a Customer may do this."

    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.role == User.Role.CUSTOMER


class ReadOnly(BasePermission):
    """The request reads: GET, HEAD or OPTIONS."""

    message = IsAdmin.message

    def has_permission(self, request, view):
        return request.method in SAFE_METHODS
