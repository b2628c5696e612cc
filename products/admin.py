import re

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from order_management.admin import ChangesOnlyMixin, ReadOnlyAdmin

from . import services
from .models import NOTE_MAX, QUANTITY_MAX, Product, StockMovement


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request, model_admin):
        return [("in", "In stock"), ("out", "Sold out")]

    def queryset(self, request, products):
        lookups = {"in": {"quantity__gt": 0}, "out": {"quantity": 0}}
        return products.filter(**lookups.get(self.value(), {}))


class ProductForm(forms.ModelForm):
    """Of a product that is being sold: its stock is booked in or out, not typed over."""

    delta = forms.IntegerField(label="Book stock", required=False, help_text="5 more came in: 5. 2 are damaged: -2.")
    stock_note = forms.CharField(label="Why", required=False, max_length=NOTE_MAX)

    def clean_delta(self):
        delta = self.cleaned_data["delta"] or 0
        # Under the lock of get_object: nothing is sold between this check and the booking.
        if not 0 <= self.instance.quantity + delta <= QUANTITY_MAX:
            raise ValidationError(services.StockOutOfBounds.detail)
        return delta


@admin.register(Product)
class ProductAdmin(ChangesOnlyMixin, admin.ModelAdmin):
    list_display = ["id", "name", "price", "quantity"]
    list_display_links = ["name"]
    list_editable = ["price"]
    list_filter = [StockFilter]
    search_fields = ["name"]
    ordering = ["id"]

    def get_queryset(self, request):
        return super().get_queryset(request).listed()

    def get_object(self, request, object_id, from_field=None):
        product = super().get_object(request, object_id, from_field)
        if product and request.method == "POST":
            product.refresh_from_db(from_queryset=Product.objects.select_for_update())
        return product

    def get_fields(self, request, product=None):
        fields = ["name", "price", "quantity"]
        return fields if product is None else [*fields, "delta", "stock_note"]

    def get_readonly_fields(self, request, product=None):
        return [] if product is None else ["quantity"]

    def get_form(self, request, product=None, **kwargs):
        return super().get_form(request, product, **({"form": ProductForm} if product else {}) | kwargs)

    def save_model(self, request, product, form, change):
        data = form.cleaned_data
        if not change:
            created = services.create_product(by=request.user, **data)
            product.pk = created.pk
            return
        if form.prefix:  # A row of the list, whose rows are saved in one transaction.
            services.lock(self.edited(request))
        changes = {name: data[name] for name in form.changed_data if name in ("name", "price")}
        services.change_product(product.pk, changes, by=request.user)
        if data.get("delta"):
            services.adjust_stock(product.pk, data["delta"], by=request.user, note=data["stock_note"])

    def edited(self, request):
        """Return the products on the page of the list that was sent."""
        ids = [value for name, value in request.POST.items() if re.fullmatch(r"form-[0-9]+-id", name)]
        return Product.objects.filter(pk__in=ids)

    def get_deleted_objects(self, products, request):
        # Nothing else goes with them: orders and the ledger keep what they have.
        return [str(product) for product in products], {"products": len(products)}, set(), []

    def delete_model(self, request, product):
        services.delete_product(product.pk)

    def delete_queryset(self, request, products):
        services.delete_products(products)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ["id", "product", "kind", "delta", "balance", "order", "by", "note", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["product", "by"]
    search_fields = ["=product__id", "product__name", "=order"]
    ordering = ["-id"]
