"""The page of the admin site on which an Admin places an order for a customer."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.enums import ActionVariant

from order_management.admin.numbers import money_text
from order_management.exceptions import Conflict

from .. import services
from .forms import Lines, NewOrderForm


@action(description="New order", icon="add_shopping_cart", url_path="new", variant=ActionVariant.PRIMARY)
def new_order(model_admin, request):
    """Preview an order, and place it once the Admin has seen the total."""
    form, lines, preview = NewOrderForm(request.POST or None), Lines(request.POST or None, prefix="lines"), None
    if all([form.is_valid(), lines.is_valid()]):
        try:
            preview = services.preview_order(items=lines.items)
            if "_place" in request.POST:
                order = place(request, lines.items, **form.cleaned_data)
                messages.success(
                    request, f"Order {order.id} for {order.customer} was placed: {money_text(order.total)}."
                )
                return redirect("admin:orders_order_change", order.id)
        except (Conflict, ValidationError) as error:
            form.add_error(None, getattr(error, "messages", str(error)))
    context = {"title": "New order", "form": form, "lines": lines, "preview": preview and as_context(preview)}
    context |= model_admin.admin_site.each_context(request)
    return TemplateResponse(request, "orders/new_order.html", context)


# A savepoint: the request goes on in its transaction after a conflict.
@transaction.atomic
def place(request, items, **order):
    return services.place_order(items=items, by=request.user, **order)


def as_context(preview):
    """Return a Preview as a dict, with the stock beside each line of which there is not enough."""
    available = {item["product"]: item["available"] for item in preview.short}
    items = [
        {
            "name": name,
            "price": price,
            "quantity": quantity,
            "subtotal": price * quantity,
            "available": available.get(pk),
        }
        for pk, name, price, quantity, _ in preview.lines
    ]
    return {"items": items, "total": preview.total, "short": preview.short}
