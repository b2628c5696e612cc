"""The forms of the admin site; what is typed into them is checked as the API checks it."""

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

    class Meta:
        model = Product
        fields = ["name", "price"]


class PriceForm(ProductForm):
    """Of a row of the list."""

    name = None

    class Meta(ProductForm.Meta):
        fields = ["price"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["price"].widget.attrs["aria-label"] = f"Price of {self.instance}"


class NewProductForm(ProductForm):
    quantity = APIField(PRODUCT["quantity"], widget=UnfoldAdminIntegerFieldWidget)

    class Meta(ProductForm.Meta):
        fields = ["name", "price", "quantity"]


class BookingForm(BaseDialogForm):
    delta = APIField(
        ADJUSTMENT["delta"],
        label="Pieces",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="5 more came in: 5. 2 are damaged: -2.",
    )
    note = APIField(ADJUSTMENT["note"], label="Why", required=False, widget=UnfoldAdminTextInputWidget)

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
        label="Only check it", required=False, widget=UnfoldBooleanWidget, help_text="Nothing is written."
    )
    again = forms.BooleanField(label="Import it again", required=False, widget=UnfoldBooleanWidget)

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > IMPORT_MAX_BYTES:
            limit = filesizeformat(IMPORT_MAX_BYTES)
            raise forms.ValidationError(f"A file of more than {limit} is for manage.py import_products.")
        # One is the header. A name of several lines counts as several lines, which keeps counting cheap.
        if sum(1 for _ in file) - 1 > IMPORT_MAX_LINES:
            raise forms.ValidationError(
                f"A file of more than {IMPORT_MAX_LINES:,} lines is for manage.py import_products."
            )
        return file
