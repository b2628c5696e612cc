from django.contrib import admin

from .models import Product


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request, model_admin):
        return [("in", "In stock"), ("out", "Sold out")]

    def queryset(self, request, products):
        lookups = {"in": {"quantity__gt": 0}, "out": {"quantity": 0}}
        return products.filter(**lookups.get(self.value(), {}))


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["id", "name", "price", "quantity"]
    list_display_links = ["name"]
    list_editable = ["price"]
    list_filter = [StockFilter]
    search_fields = ["name"]
    ordering = ["id"]
    fields = ["name", "price", "quantity"]

    def get_queryset(self, request):
        return super().get_queryset(request).listed()

    def save_model(self, request, product, form, change):
        if change:
            product.change(**{name: form.cleaned_data[name] for name in form.changed_data})
        else:
            product.save()

    def delete_model(self, request, product):
        self.delete_queryset(request, Product.objects.filter(pk=product.pk))

    def delete_queryset(self, request, products):
        products.remove()
