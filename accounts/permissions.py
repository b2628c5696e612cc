from rest_framework.permissions import SAFE_METHODS, BasePermission


class IsAdmin(BasePermission):
    """The user is logged in as an Admin."""

    message = "Only an Admin may do this."

    def has_permission(self, request, view):
        return request.user.is_authenticated and request.user.is_admin


class IsCustomer(BasePermission):
    """The user is logged in as a Customer."""

    def has_permission(self, request, view):
        return request.user.is_authenticated and not request.user.is_admin


class IsAdminOrReadOnly(IsAdmin):
    """An Admin may do anything, a Customer may read."""

    def has_permission(self, request, view):
        may_read = request.method in SAFE_METHODS and request.user.is_authenticated
        return may_read or super().has_permission(request, view)
