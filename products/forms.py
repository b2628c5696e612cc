"""The forms of the products admin. Their values are checked by the API's own fields."""

from django import forms
from django.template.defaultfilters import filesizeformat
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from order_management.admin.fields import APIField

from .models import Product
from .serializers import NO_CHANGE, AdjustmentSerializer, ProductSerializer

PRODUCT, ADJUSTMENT = ProductSerializer().fields, AdjustmentSerializer().fields
CENTS = {"step": "0.01", "min": 0}
# Orders wait for an import for up to 10 seconds (PostgreSQL's lock_timeout), the browser for up to 40 (nginx).
# 10,000 products are locked for 4.6 seconds on PostgreSQL and 1.8 on SQLite, with eight processes sharing two cores.
IMPORT_MAX_BYTES = 2 * 1024 * 1024
IMPORT_MAX_LINES = 10_000


class ProductForm(forms.ModelForm):
    name = APIField(PRODUCT["name"], widget=UnfoldAdminTextInputWidget, show_hidden_initial=True)
    price = APIField(
        PRODUCT["price"],
        widget=UnfoldAdminDecimalFieldWidget(attrs=CENTS),
        show_hidden_initial=True,
    )
    quantity = APIField(PRODUCT["quantity"], widget=UnfoldAdminIntegerFieldWidget)

    class Meta:
        model = Product
        fields = ["name", "price", "quantity"]


class PriceForm(ProductForm):
    """The form of a row in the list."""

    name = quantity = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["price"].widget.attrs["aria-label"] = f"Price of {self.instance}"


class StockForm(BaseDialogForm):
    delta = APIField(
        ADJUSTMENT["delta"],
        label="Change",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="For example, 5 for a delivery of five items, or -2 for two damaged ones.",
    )
    note = APIField(ADJUSTMENT["note"], label="Reason", required=False, widget=UnfoldAdminTextInputWidget)

    def clean_delta(self):
        if not self.cleaned_data["delta"]:
            raise forms.ValidationError(NO_CHANGE)
        return self.cleaned_data["delta"]


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=UnfoldAdminFileFieldWidget,
        help_text="In UTF-8, separated by commas, semicolons or tabs. The first line names the columns: id, and those "
        "of name, price and quantity that change. A row without an id is a new product and needs all three; an "
        "empty quantity leaves the stock as it is.",
    )
    dry_run = forms.BooleanField(
        label="Check only", required=False, widget=UnfoldBooleanWidget, help_text="Nothing is imported."
    )
    again = forms.BooleanField(label="Import again", required=False, widget=UnfoldBooleanWidget)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > IMPORT_MAX_BYTES:
            raise too_large(filesizeformat(IMPORT_MAX_BYTES))
        # One is the header. A name of several lines counts as several lines, which keeps counting cheap.
        if sum(1 for _ in file) - 1 > IMPORT_MAX_LINES:
            raise too_large(f"{IMPORT_MAX_LINES:,} lines")
        return file


def too_large(limit):
    return forms.ValidationError(f"A file of more than {limit} can only be imported with manage.py import_products.")
