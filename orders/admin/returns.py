"""The dialog in which an order is returned, as a whole or in parts."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from order_management.admin.dialogs import close_dialog, dialog_action, render_dialog
from order_management.admin.fields import APIField
from order_management.exceptions import Conflict

from .. import services
from ..models import NotReturnable, Order
from ..serializers import ReturnSerializer


class ReturnForm(BaseDialogForm):
    """How many pieces of each line came back, initially all that are left."""

    damaged = forms.BooleanField(
        label="Damaged",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="They do not go back into stock.",
    )
    note = APIField(ReturnSerializer().fields["note"], required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, request, object_id, data=None, **options):
        super().__init__(request, object_id, data=data, **options)
        self.order = get_object_or_404(Order, pk=object_id)
        self.lines = {f"line-{line.pk}": line for line in self.order.lines.all()}
        # A line whose last pieces were returned in the meantime stays, so that it is refused.
        shown = {name: line for name, line in self.lines.items() if line.left or name in (data or {})}
        self.fields = {name: quantity_field(line) for name, line in shown.items()} | self.fields

    def clean(self):
        if not self.errors and not self.items():
            raise forms.ValidationError("Enter how many pieces came back.")
        return self.cleaned_data

    def items(self):
        """Return what came back, as the service takes it."""
        quantities = {line.product_id: self.cleaned_data.get(name) for name, line in self.lines.items()}
        return [{"product": pk, "quantity": quantity} for pk, quantity in quantities.items() if quantity]

    def refuse(self, conflict):
        """Show beside each refused line how many pieces can still be returned."""
        names = {line.product_id: name for name, line in self.lines.items()}
        for item in conflict.body["items"]:
            self.add_error(names[item["product"]], f"Only {item['returnable']} can still be returned.")


def quantity_field(line):
    return forms.IntegerField(
        label=f"{line.name}: {line.left} of {line.quantity} left",
        required=False,
        min_value=0,
        max_value=line.left,
        initial=line.left,
        widget=UnfoldAdminIntegerFieldWidget,
    )


DIALOG = {
    "title": "Return items of this order",
    "description": "They go back into stock unless they are damaged. The order is returned once every piece is back.",
    "form_class": ReturnForm,
    "form_submit_text": "Return items",
    "dismiss_text": "Keep it delivered",
    "variant": ActionVariant.DANGER.value,
}


@dialog_action(description="Return items", url_path="return", variant=ActionVariant.DANGER, dialog=DIALOG)
def return_order(self, request, form, object_id):
    data = form.cleaned_data
    try:
        # A savepoint: the request goes on in its transaction after a conflict.
        with transaction.atomic():
            services.return_items(
                form.order, by=request.user, items=form.items(), restock=not data["damaged"], note=data["note"]
            )
    except NotReturnable as conflict:
        form.refuse(conflict)
        return render_dialog(self, DIALOG, form)
    except Conflict as conflict:
        messages.error(request, f"{form.order}: {conflict}")
    else:
        count = sum(item["quantity"] for item in form.items())
        messages.success(request, f"{form.order}: {count} {'piece is' if count == 1 else 'pieces are'} returned.")
    return close_dialog(request, reverse("admin:orders_order_change", args=[object_id]))
