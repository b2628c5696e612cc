"""The form in which an Admin places a new order for a customer. The service checks the rest."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from order_management.admin.fields import APIField
from products.models import Product

from ..models import Order, OrderLine
from ..serializers import LINE_QUANTITY_MAX, LINES_MAX, PlaceOrderSerializer

API = PlaceOrderSerializer().fields
ID = {"min_value": 1, "max_value": 2**63 - 1}
FREE_LINES = 5


class SearchSelect(AutocompleteSelect):
    """A box that searches for what a foreign key refers to. Without JavaScript, it takes an id."""

    template_name = "orders/search_select.html"

    def __init__(self, foreign_key, placeholder):
        super().__init__(foreign_key.field, admin.site)
        self.placeholder = placeholder

    def build_attrs(self, *args, **kwargs):
        # The placeholder is also what screen readers call the empty box.
        attrs = {"data-placeholder": self.placeholder, "data-allow-clear": "true", "aria-label": self.placeholder}
        return super().build_attrs(*args, **kwargs) | attrs

    def optgroups(self, name, value, attrs=None):
        # Django would look up each choice in a statement of its own.
        return forms.Select.optgroups(self, name, value, attrs)

    def select(self, pk, label):
        """Show this choice when the form is shown again."""
        self.choices = [("", ""), (pk, label)]


class NewOrderForm(forms.Form):
    customer = forms.IntegerField(**ID, widget=SearchSelect(Order.customer, "Name or email address"))
    note = APIField(API["note"], required=False, widget=UnfoldAdminTextInputWidget)
    # The total that the page showed, so that nobody orders at a price they have not seen.
    expected_total = forms.DecimalField(required=False, max_digits=12, decimal_places=2, widget=forms.HiddenInput)

    def clean_customer(self):
        customer = User.objects.active().filter(pk=self.cleaned_data["customer"]).first()
        if customer is None:
            raise forms.ValidationError("There is no active user with this id.")
        self.fields["customer"].widget.select(customer.pk, admin.site.get_model_admin(User).search_label(customer))
        return customer


class LineForm(forms.Form):
    product = forms.IntegerField(**ID, widget=SearchSelect(OrderLine.product, "Name of the product"))
    quantity = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LINE_QUANTITY_MAX,
        widget=UnfoldAdminIntegerFieldWidget({"aria-label": "Quantity", "placeholder": "1"}),
    )

    def clean_quantity(self):
        return self.cleaned_data["quantity"] or 1

    def show_name(self, prices):
        """Show the name of the product, or that there is none with this id."""
        pk = self.cleaned_data.get("product")
        if pk in prices:
            self.fields["product"].widget.select(pk, prices[pk][0])
        elif pk:
            self.add_error("product", f"There is no product {pk}.")


class BaseLines(forms.BaseFormSet):
    """The lines of an order. Empty lines are ignored, and there are always some left to fill in."""

    def total_form_count(self):
        filled = [n for n in range(LINES_MAX) if any(self.data.get(f"{self.add_prefix(n)}-{name}") for name in LINE)]
        return min(max(filled, default=-1) + 1 + FREE_LINES, LINES_MAX)

    def clean(self):
        lines = [form for form in self.forms if form.has_changed()]
        if not lines:
            raise forms.ValidationError("Choose at least one product.")
        prices = Product.objects.prices({form.cleaned_data.get("product") for form in lines} - {None})
        for form in lines:
            form.show_name(prices)

    @property
    def items(self):
        return [form.cleaned_data for form in self.forms if form.cleaned_data]


LINE = list(LineForm.base_fields)
Lines = forms.formset_factory(LineForm, BaseLines, extra=0, max_num=LINES_MAX, absolute_max=LINES_MAX)
