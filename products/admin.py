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
from .forms import ImportForm, PriceForm, ProductForm, StockForm
from .import_lock import ImportConflict, import_lock
from .imports import AlreadyImported, ProductImporter
from .models import LOW_STOCK, Product, StockMovement


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request, model_admin):
        return [("in", "In stock"), ("low", f"Low: at most {LOW_STOCK}"), ("out", "Out of stock")]

    def queryset(self, request, products):
        lookups = {"in": {"quantity__gt": 0}, "low": {"quantity__lte": LOW_STOCK}, "out": {"quantity": 0}}
        return products.filter(**lookups.get(self.value(), {}))


def submitted_ids(request):
    """Return the ids of the products in the list that was submitted."""
    return {value for name, value in request.POST.items() if re.fullmatch("form-[0-9]+-id", name)}


def import_once(request, file, dry_run, again):
    """Import the file of a form and return the Counts. Raise BadFile, ImportConflict or AlreadySent."""
    with ProductImporter(file, by=request.user) as importer:
        importer.check()
        if not dry_run:
            with import_lock(), use_token(request):
                if not again:
                    importer.refuse_repetition()
                importer.save()
        return importer.counts


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

    @display(label={"out of stock": "danger", "low": "warning", "in stock": "success"})
    def stock(self, product):
        if not product.quantity:
            return "out of stock"
        return "low" if product.quantity <= LOW_STOCK else "in stock"

    @action(
        description="Adjust stock",
        icon="inventory_2",
        dialog={
            "title": "Adjust stock",
            "description": "The change is recorded in the ledger.",
            "form_class": StockForm,
        },
    )
    def book_stock(self, request, form, object_id):
        delta, note = form.cleaned_data["delta"], form.cleaned_data["note"]
        product = services.lock_product(int(object_id))
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
        form, bad_lines, may_repeat = ImportForm(request.POST or None, request.FILES or None), [], False
        if form.is_valid():
            dry_run = form.cleaned_data["dry_run"]
            try:
                counts = import_once(request, **form.cleaned_data)
            except BadFile as error:
                form.add_error("file", str(error))
                bad_lines = error.lines
            except ImportConflict as error:
                form.add_error("file", str(error))
                may_repeat = isinstance(error, AlreadyImported)
            else:
                messages.success(request, counts.summary(dry_run=dry_run))
                return redirect("admin:products_product_" + ("import_file" if dry_run else "changelist"))
        if not may_repeat:
            del form.fields["again"]
        context = {**self.admin_site.each_context(request), "title": "Import", "form": form, "bad_lines": bad_lines}
        return TemplateResponse(request, "products/import.html", context)

    def export(self, products):
        return products_csv(products)

    def get_queryset(self, request):
        return super().get_queryset(request).listed()

    def get_changelist_form(self, request, **kwargs):
        return super().get_changelist_form(request, form=PriceForm, **kwargs)

    def changelist_view(self, request, extra_context=None):
        ids = submitted_ids(request)
        if Product.objects.listed().filter(pk__in=ids).count() < len(ids):
            messages.error(request, "One of these products has been deleted in the meantime. Nothing was saved.")
            return redirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def get_readonly_fields(self, request, product=None):
        # Stock is adjusted by what came in or went out, never overwritten.
        return [] if product is None else ["quantity"]

    def save_model(self, request, product, form, change):
        data = form.cleaned_data
        if not change:
            product.pk = services.create_product(by=request.user, **data).pk
            return
        if form.prefix:  # a row of the list: all its rows are saved in one transaction, so lock them in one order
            services.lock_products(Product.objects.filter(pk__in=submitted_ids(request)))
        changes = {name: data[name] for name in form.changed_data if name in ("name", "price")}
        services.change_product(services.lock_product(product.pk), by=request.user, **changes)

    def get_deleted_objects(self, products, request):
        # Nothing else is deleted with them: orders and the ledger keep their rows.
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
