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

from order_management.admin import APIField

from .models import Product
from .serializers import NO_CHANGE, AdjustmentSerializer, ProductSerializer

PRODUCT, ADJUSTMENT = ProductSerializer().fields, AdjustmentSerializer().fields
CENTS = {"step": "0.01", "min": 0}
# Others wait while a file is imported, the longer the larger it is.
IMPORT_MAX_BYTES = 2 * 1024 * 1024


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

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > IMPORT_MAX_BYTES:
            limit = filesizeformat(IMPORT_MAX_BYTES)
            raise forms.ValidationError(f"A file of more than {limit} is for manage.py import_products.")
        return file
