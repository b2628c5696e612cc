from rest_framework.permissions import SAFE_METHODS, BasePermission

from .models import User


class IsAdmin(BasePermission):
    """The user is logged in as an Admin."""

    message = "Only an Admin may do this."

    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.role == User.Role.ADMIN


class IsCustomer(BasePermission):
    """The user is logged in as a Customer."""

    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.role == User.Role.CUSTOMER


class IsAdminOrReadOnly(IsAdmin):
    """An Admin does what they like, a Customer reads."""

    def has_permission(self, request, view):
        reads = request.method in SAFE_METHODS and IsCustomer().has_permission(request, view)
        return reads or super().has_permission(request, view)
