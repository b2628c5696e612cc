import re

from django.contrib import admin, messages
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display

from accounts.form_tokens import use_token, uses_token_itself
from order_management.admin.export import ExportMixin
from order_management.admin.lists import ChangesOnlyMixin, ListAdmin, ReadOnlyAdmin, close_dialog
from order_management.exceptions import Conflict
from order_management.files.csv import BadFile

from . import services
from .exports import products_csv
from .forms import BookingForm, ImportForm, NewProductForm, PriceForm, ProductForm
from .import_lock import NotImported, one_at_a_time
from .imports import ImportedBefore, check_file
from .models import LOW_STOCK, Product, StockMovement


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request, model_admin):
        return [("in", "In stock"), ("low", f"Low: at most {LOW_STOCK}"), ("out", "Sold out")]

    def queryset(self, request, products):
        lookups = {"in": {"quantity__gt": 0}, "low": {"quantity__lte": LOW_STOCK}, "out": {"quantity": 0}}
        return products.filter(**lookups.get(self.value(), {}))


def summary(counts, dry_run):
    would = "Would have created" if dry_run else "Created"
    return f"{would} {counts.created}, changed {counts.changed}, left {counts.unchanged} as they were."


def import_once(request, file, dry_run, again):
    """Import the file of a form; return the Counts, or raise BadFile, NotImported or AlreadySent."""
    with check_file(file) as checked:
        if dry_run:
            return checked.counts
        with one_at_a_time(), use_token(request):
            return checked.save(by=request.user, again=again)


@admin.register(Product)
class ProductAdmin(ExportMixin, ChangesOnlyMixin, ListAdmin):
    list_display = ["id", "name", "price", "quantity", "stock"]
    list_display_links = ["name"]
    list_editable = ["price"]
    list_filter = [StockFilter]
    search_fields = ["name"]
    ordering = ["id"]
    form = ProductForm
    fields = ["name", "price", "quantity"]
    actions_row = actions_detail = ["book_stock"]
    actions_list = ["import_file", *ExportMixin.actions_list]

    @display(label={"sold out": "danger", "low": "warning", "in stock": "success"})
    def stock(self, product):
        if not product.quantity:
            return "sold out"
        return "low" if product.quantity <= LOW_STOCK else "in stock"

    @action(
        description="Book stock",
        icon="inventory_2",
        dialog={
            "title": "Book stock",
            "description": "In or out; it is written into the ledger.",
            "form_class": BookingForm,
        },
    )
    def book_stock(self, request, form, object_id):
        delta, note = form.cleaned_data["delta"], form.cleaned_data["note"]
        product = services.lock_product(self.found(request, object_id).pk)
        try:
            with transaction.atomic():
                services.adjust_stock(product, delta=delta, by=request.user, note=note)
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, f"{product}: {product.quantity} in stock.")
        return close_dialog(request, reverse("admin:products_product_change", args=[object_id]))

    @uses_token_itself
    @action(description="Import", icon="upload", url_path="import")
    def import_file(self, request):
        form, bad_lines, imported_before = ImportForm(request.POST or None, request.FILES or None), [], False
        if form.is_valid():
            try:
                counts = import_once(request, **form.cleaned_data)
            except (BadFile, NotImported) as error:
                form.add_error("file", str(error))
                bad_lines = getattr(error, "lines", [])
                imported_before = isinstance(error, ImportedBefore)
            else:
                dry_run = form.cleaned_data["dry_run"]
                messages.success(request, summary(counts, dry_run))
                return redirect("admin:products_product_" + ("import_file" if dry_run else "changelist"))
        if not imported_before:
            del form.fields["again"]
        context = {**self.admin_site.each_context(request), "title": "Import", "form": form, "bad_lines": bad_lines}
        return TemplateResponse(request, "products/import.html", context)

    def export(self, products):
        return products_csv(products)

    def get_queryset(self, request):
        return super().get_queryset(request).listed()

    def get_form(self, request, product=None, **kwargs):
        return super().get_form(request, product, **({} if product else {"form": NewProductForm}) | kwargs)

    def get_changelist_form(self, request, **kwargs):
        return super().get_changelist_form(request, form=PriceForm, **kwargs)

    def changelist_view(self, request, extra_context=None):
        shown = [value for name, value in request.POST.items() if re.fullmatch("form-[0-9]+-id", name)]
        if Product.objects.listed().filter(pk__in=shown).count() < len(set(shown)):
            messages.error(request, "One of these products was deleted meanwhile. Nothing was saved.")
            return redirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def get_readonly_fields(self, request, product=None):
        # Stock is booked in or out, not typed over.
        return [] if product is None else ["quantity"]

    def save_model(self, request, product, form, change):
        data = form.cleaned_data
        if not change:
            created = services.create_product(by=request.user, **data)
            product.pk = created.pk
            return
        if form.prefix:  # A row of the list, whose rows are saved in one transaction.
            services.lock_products(self.edited(request))
        changes = {name: data[name] for name in form.changed_data if name in ("name", "price")}
        services.change_product(services.lock_product(product.pk), by=request.user, **changes)

    def edited(self, request):
        """Return the products on the page of the list that was sent."""
        ids = [value for name, value in request.POST.items() if re.fullmatch(r"form-[0-9]+-id", name)]
        return Product.objects.filter(pk__in=ids)

    def get_deleted_objects(self, products, request):
        # Nothing else goes with them: orders and the ledger keep what they have.
        return [str(product) for product in products], {"products": len(products)}, set(), []

    def delete_model(self, request, product):
        services.delete_product(services.lock_product(product.pk), by=request.user)

    def delete_queryset(self, request, products):
        services.delete_products(products, by=request.user)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ["id", "product", "kind", "delta", "balance", "order", "by", "note", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["product", "by"]
    search_fields = ["=product__id", "product__name", "=order"]
    ordering = ["-id"]
