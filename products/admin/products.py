import re

from django.contrib import admin, messages
from django.shortcuts import redirect
from django.urls import reverse
from unfold.decorators import display

from order_management.admin.export import ExportMixin, count_with_name
from order_management.admin.lists import ChangesOnlyMixin, ListAdmin, link
from order_management.admin.numbers import money_text, number_column

from .. import services
from ..exports import products_csv
from ..models import LOW_STOCK, Product
from .filters import DeletedFilter, StockFilter, is_list_of_deleted
from .forms import PriceForm, ProductForm
from .import_page import import_file
from .stock import book_stock, restore


def submitted_ids(request):
    """Return the ids of the products in the list that was submitted."""
    return {value for name, value in request.POST.items() if re.fullmatch("form-[0-9]+-id", name)}


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

    book_stock = book_stock
    restore = restore
    import_file = import_file

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
        return link(url, "Every change of the stock")

    def search_label(self, product):
        return f"{product} ({money_text(product.price)}, {product.quantity} in stock)"

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
