"""The forms of the products admin. Their values are checked by the API's own fields."""

from django import forms
from django.template.defaultfilters import filesizeformat
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from order_management.admin.fields import APIField
from order_management.admin.numbers import MoneyWidget

from .. import services
from ..models import Product
from ..serializers import NO_CHANGE, AdjustmentSerializer, ProductSerializer, StockChangeSerializer

PRODUCT, ADJUSTMENT, CHANGE = ProductSerializer().fields, AdjustmentSerializer().fields, StockChangeSerializer().fields
# Orders wait for an import for up to 10 seconds (PostgreSQL's lock_timeout), the browser for up to 40 (nginx).
# 10,000 products are locked for 4.6 seconds on PostgreSQL and 1.8 on SQLite, with eight processes sharing two cores.
IMPORT_MAX_BYTES = 2 * 1024 * 1024
IMPORT_MAX_LINES = 10_000


class ProductForm(forms.ModelForm):
    name = APIField(PRODUCT["name"], widget=UnfoldAdminTextInputWidget, show_hidden_initial=True)
    price = APIField(
        PRODUCT["price"],
        widget=MoneyWidget,
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


class EmptyField(APIField):
    """A field that may be left empty; its value is then None."""

    def to_python(self, value):
        return super().to_python(value) if value else None


class CurrentField(EmptyField):
    """A field that always shows its initial value, even if the form was sent with another."""

    def bound_data(self, data, initial):
        return initial


class StockForm(BaseDialogForm):
    """A change of a product's stock: a difference or a count."""

    form_before_template = "products/stock.html"

    delta = EmptyField(
        CHANGE["delta"],
        label="Change",
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="For example, 5 for a delivery of five items, or -2 for two damaged ones.",
    )
    quantity = EmptyField(
        CHANGE["quantity"],
        label="Or count",
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 0}),
        help_text="How many pieces there are. The count is refused if the stock has changed since it was shown here.",
    )
    expected = CurrentField(CHANGE["expected"], required=False, widget=forms.HiddenInput)
    note = APIField(ADJUSTMENT["note"], label="Reason", required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, request, object_id, **options):
        self.product = services.get_product(int(object_id))
        super().__init__(request, object_id, initial={"expected": self.product.quantity}, **options)

    def get_before_template_context(self, request, object_id=None):
        return {"product": self.product}

    def clean_delta(self):
        if self.cleaned_data["delta"] == 0:
            raise forms.ValidationError(NO_CHANGE)
        return self.cleaned_data["delta"]

    def clean(self):
        if not self.errors and (self.cleaned_data["delta"] is None) == (self.cleaned_data["quantity"] is None):
            self.add_error("delta", "Enter either a change or a count.")
        return self.cleaned_data

    def change(self):
        """Return the change as the service takes it."""
        names = ["delta"] if self.cleaned_data["quantity"] is None else ["quantity", "expected"]
        values = {name: self.cleaned_data[name] for name in names if self.cleaned_data[name] is not None}
        return {"product": self.product.pk, **values}

    def refuse(self, conflict):
        """Show a Conflict beside its field, and the stock at that moment."""
        [line] = conflict.body["items"]
        self.product.quantity = self.initial["expected"] = line["available"]
        if "expected" in line:
            message = "The stock was {expected} and is now {available}. Check the count, then send it again."
            self.add_error("quantity", message.format(**line))
        else:
            self.add_error("delta", str(conflict))


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
