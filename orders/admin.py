from django.contrib import admin, messages

from order_management.admin import ReadOnlyAdmin, ReadOnlyInline
from order_management.conflict import Conflict

from . import services
from .models import Order, OrderEvent, OrderLine


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ["name", "price", "quantity"]


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["created_at", "status", "by", "note"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("by")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["id", "customer", "status", "total", "created_at", "updated_at"]
    list_filter = ["status", "created_at"]
    list_select_related = ["customer"]
    search_fields = ["=id", "customer__username"]
    ordering = ["-created_at", "-id"]
    inlines = [LineInline, EventInline]
    fields = ["customer", "status", "total", "note", "created_at", "updated_at"]
    actions = list(Order.ACTIONS)

    def get_actions(self, request):
        return {action: (step(action), action, f"{action.capitalize()} selected orders") for action in Order.ACTIONS}


def step(action):
    """Return the admin action that takes one step with each of the selected orders."""

    def take(model_admin, request, orders):
        for order in orders.order_by("id"):
            try:
                services.change_status(order, Order.ACTIONS[action], by=request.user)
            except Conflict as conflict:
                messages.error(request, f"{order}: {conflict}")
            else:
                messages.success(request, f"{order} is {order.status}.")

    return take
