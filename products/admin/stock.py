"""The dialogs that adjust the stock of a product and restore a deleted one."""

from django.contrib import messages
from django.db import transaction
from django.urls import reverse
from unfold.forms import BaseDialogForm

from order_management.admin.dialogs import close_dialog, dialog_action, render_dialog
from order_management.exceptions import Conflict

from .. import bulk_stock, services
from .forms import StockForm

STOCK_DIALOG = {
    "title": "Adjust stock",
    "description": "The change is recorded in the ledger.",
    "form_class": StockForm,
    "form_submit_text": "Adjust stock",
}
RESTORE_DIALOG = {
    "title": "Restore this product?",
    "description": "It can be sold again. Its stock is what the ledger says.",
    "form_class": BaseDialogForm,
    "form_submit_text": "Restore",
}


@dialog_action(description="Adjust stock", icon="inventory_2", dialog=STOCK_DIALOG)
def book_stock(self, request, form, object_id):
    services.lock_product(form.product.pk)  # 404, if it has just been deleted
    try:
        with transaction.atomic():
            [product] = bulk_stock.apply_changes(
                changes=[form.change()], by=request.user, note=form.cleaned_data["note"]
            )
    except Conflict as conflict:
        form.refuse(conflict)
        return render_dialog(self, STOCK_DIALOG, form)
    messages.success(request, f"{product}: {product.quantity} in stock.")
    return close_dialog(request, reverse("admin:products_product_change", args=[object_id]))


@dialog_action(description="Restore", icon="restore_from_trash", dialog=RESTORE_DIALOG)
def restore(self, request, form, object_id):
    try:
        with transaction.atomic():
            product = services.restore_product(int(object_id), by=request.user)
    except Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, f"{product} is restored: {product.quantity} in stock.")
    return close_dialog(request, reverse("admin:products_product_change", args=[object_id]))
