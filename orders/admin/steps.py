"""The steps of orders in the admin site: a button with a dialog for one order, an action for the selected ones."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from order_management.admin.dialogs import close_dialog, dialog_action
from order_management.admin.export import count_with_name
from order_management.admin.fields import APIField
from order_management.exceptions import Conflict

from .. import services
from ..models import Order
from ..serializers import NoteSerializer

REFUSED_MAX = 5  # orders that a message names; the others are counted


class StepForm(BaseDialogForm):
    note = APIField(NoteSerializer().fields["note"], required=False, widget=UnfoldAdminTextInputWidget)


def step(name, description, *, dismiss, variant=ActionVariant.PRIMARY):
    """Return a button that takes this step with an order, once it is confirmed in a dialog."""
    label = f"{name.capitalize()} order"
    dialog = {
        "title": f"{name.capitalize()} this order?",
        "description": description,
        "form_class": StepForm,
        "form_submit_text": label,
        "dismiss_text": dismiss,
        "variant": variant.value,
    }

    @dialog_action(description=label, url_path=name, variant=variant, dialog=dialog)
    def button(self, request, form, object_id):
        order = get_object_or_404(Order, pk=object_id)
        try:
            take_step(name, order, request, form.cleaned_data["note"])
        except Conflict as conflict:
            messages.error(request, f"{order}: {conflict}")
        else:
            messages.success(request, f"{order} is {Order.ACTIONS[name]}.")
        return close_dialog(request, reverse("admin:orders_order_change", args=[object_id]))

    return button


def bulk_step(name):
    """Return an admin action that takes this step with each of the selected orders."""

    def take_steps(model_admin, request, orders):
        done, refused = 0, []
        for order in orders.order_by("id"):
            try:
                take_step(name, order, request)
            except Conflict as conflict:
                refused.append(f"{order}: {conflict}")
            else:
                done += 1
        if done:
            verb = "is" if done == 1 else "are"
            messages.success(request, f"{count_with_name(Order._meta, done)} {verb} {Order.ACTIONS[name]}.")
        if refused:
            messages.error(request, refusal(name, refused))

    take_steps.__name__ = name
    take_steps.short_description = f"{name.capitalize()} selected orders"
    return take_steps


def take_step(name, order, request, note=""):
    # A savepoint: the request goes on in its transaction after a conflict.
    with transaction.atomic():
        services.change_status(order, Order.ACTIONS[name], by=request.user, note=note)


def refusal(name, reasons):
    """Return a message that says why some orders did not take a step, for the first REFUSED_MAX of them."""
    count, more = count_with_name(Order._meta, len(reasons)), len(reasons) - REFUSED_MAX
    rest = [f"And {more} more."] if more > 0 else []
    return " ".join([f"{count} could not be {Order.ACTIONS[name]}.", *reasons[:REFUSED_MAX], *rest])
