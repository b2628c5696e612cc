from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from .models import NOTE_MAX, QUANTITY_MAX


class BookingForm(BaseDialogForm):
    delta = forms.IntegerField(
        label="Pieces",
        min_value=-QUANTITY_MAX,
        max_value=QUANTITY_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="5 more came in: 5. 2 are damaged: -2.",
    )
    note = forms.CharField(label="Why", required=False, max_length=NOTE_MAX, widget=UnfoldAdminTextInputWidget)

    def clean_delta(self):
        if not self.cleaned_data["delta"]:
            raise forms.ValidationError("A change of 0 changes nothing.")
        return self.cleaned_data["delta"]


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=UnfoldAdminFileFieldWidget,
        help_text="In UTF-8, with the columns id, name, price, quantity. A row without an id is a new product; "
        "an empty quantity leaves the stock as it is.",
    )
    dry_run = forms.BooleanField(
        label="Only check it", required=False, widget=UnfoldBooleanWidget, help_text="Nothing is written."
    )
