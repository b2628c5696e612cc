from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from accounts import admin as accounts
from accounts.models import User


@admin.register(User)
class UserAdmin(accounts.UserAdmin):
    """The users, with a link to the orders of each."""

    list_display = [*accounts.UserAdmin.list_display, "orders"]
    fieldsets = [*accounts.UserAdmin.fieldsets, ("Orders", {"fields": ["orders"]})]
    readonly_fields = [*accounts.UserAdmin.readonly_fields, "orders"]

    @display(description="Orders")
    def orders(self, user):
        url = reverse("admin:orders_order_changelist", query={"customer__id__exact": user.pk})
        return format_html('<a href="{}">Orders</a>', url)
