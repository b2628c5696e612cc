import re

from django.contrib import admin, messages
from django.db import transaction
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accounts.form_tokens import use_token, uses_token_itself
from order_management.admin.export import ExportMixin, count_with_name
from order_management.admin.lists import ChangesOnlyMixin, ListAdmin, ReadOnlyAdmin, close_dialog, reopen_dialog
from order_management.admin.numbers import number_column
from order_management.exceptions import Conflict
from order_management.files.csv import BadFile

from . import bulk_stock, services
from .admin_filters import DeletedFilter, StockFilter, is_list_of_deleted
from .exports import products_csv
from .forms import ImportForm, PriceForm, ProductForm, StockForm
from .import_lock import ImportConflict, import_lock
from .imports import AlreadyImported, ProductImporter
from .models import LOW_STOCK, Product, StockMovement

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
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
    list_display = ["id", "name", "price", number_column("quantity"), "stock"]
    list_display_links = ["name"]
    list_editable = ["price"]
    list_filter = [StockFilter, DeletedFilter]
    search_fields = ["name"]
    ordering = ["id"]
    form = ProductForm
    actions = ["restore_selected"]
    actions_row = actions_detail = ["book_stock", "restore"]
    actions_list = ["import_file", *ExportMixin.actions_list]

    @display(label={"deleted": "info", "out of stock": "danger", "low": "warning", "in stock": "success"})
    def stock(self, product):
        if is_deleted(product):
            return "deleted"
        if not product.quantity:
            return "out of stock"
        return "low" if product.quantity <= LOW_STOCK else "in stock"

    @display(description="Ledger")
    def ledger(self, product):
        url = reverse("admin:products_stockmovement_changelist", query={"product__id__exact": product.pk})
        return format_html(LINK, url, "Every change of the stock")

    @action(description="Adjust stock", icon="inventory_2", dialog=STOCK_DIALOG)
    def book_stock(self, request, form, object_id):
        services.lock_product(form.product.pk)  # 404, if it has just been deleted
        try:
            with transaction.atomic():
                [product] = bulk_stock.apply_changes(
                    changes=[form.change()], by=request.user, note=form.cleaned_data["note"]
                )
        except Conflict as conflict:
            form.refuse(conflict)
            return reopen_dialog(request, STOCK_DIALOG, form)
        messages.success(request, f"{product}: {product.quantity} in stock.")
        return close_dialog(request, reverse("admin:products_product_change", args=[object_id]))

    @action(description="Restore", icon="restore_from_trash", dialog=RESTORE_DIALOG)
    def restore(self, request, form, object_id):
        try:
            with transaction.atomic():
                product = services.restore_product(int(object_id), by=request.user)
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, f"{product} is restored: {product.quantity} in stock.")
        return close_dialog(request, reverse("admin:products_product_change", args=[object_id]))

    @admin.action(description="Restore selected products")
    def restore_selected(self, request, products):
        count = services.restore_products(products, by=request.user)
        messages.success(request, f"{count_with_name(self.opts, count)} restored.")

    def get_actions_row(self, request):
        return buttons(super().get_actions_row(request), is_deleted=is_list_of_deleted(request))

    def get_actions_detail(self, request, object_id):
        product = self.get_object(request, object_id)
        return buttons(super().get_actions_detail(request, object_id), is_deleted=is_deleted(product))

    def get_actions(self, request):
        is_deleted, actions = is_list_of_deleted(request), super().get_actions(request)
        return {name: actions[name] for name in actions if (name == "restore_selected") == is_deleted}

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        if is_list_of_deleted(request):
            changelist.list_editable = ()
        return changelist

    def has_change_permission(self, request, product=None):
        return not is_deleted(product) and super().has_change_permission(request, product)

    def has_delete_permission(self, request, product=None):
        return not is_deleted(product) and super().has_delete_permission(request, product)

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

    def get_changelist_form(self, request, **kwargs):
        return super().get_changelist_form(request, form=PriceForm, **kwargs)

    def changelist_view(self, request, extra_context=None):
        ids = submitted_ids(request)
        if Product.objects.listed().filter(pk__in=ids).count() < len(ids):
            messages.error(request, "One of these products has been deleted in the meantime. Nothing was saved.")
            return redirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def get_fields(self, request, product=None):
        more = [] if product is None else ["ledger", "deleted_at"] if is_deleted(product) else ["ledger"]
        return ["name", "price", "quantity", *more]

    def get_readonly_fields(self, request, product=None):
        # Stock is adjusted by what came in or went out, never overwritten.
        return [] if product is None else ["quantity", "ledger", "deleted_at"]

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


def is_deleted(product):
    return product is not None and product.deleted_at is not None


def buttons(actions, *, is_deleted):
    """Return Restore for deleted products, and all other buttons for the others."""
    return [button for button in actions if (button.path == "restore") == is_deleted]


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "product_link",
        "kind",
        number_column("delta"),
        number_column("balance"),
        "order_link",
        "by",
        "note",
        "created_at",
    ]
    list_filter = [("product", AutocompleteSelectFilter), "kind"]
    list_select_related = ["product", "by"]
    search_fields = ["=product__id", "product__name", "=order"]
    ordering = ["-id"]
    fields = ["product", "kind", "delta", "balance", "order_link", "by", "note", "created_at"]
    readonly_fields = ["order_link"]

    @display(description="Product")
    def product_link(self, movement):
        url = reverse("admin:products_product_change", args=[movement.product_id])
        return format_html(LINK, url, movement.product)

    @display(description="Order")
    def order_link(self, movement):
        if movement.order is None:
            return None
        # By name: the app of the orders is above this one.
        return format_html(LINK, reverse("admin:orders_order_change", args=[movement.order]), f"#{movement.order}")
