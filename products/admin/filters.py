"""The filters of the products admin."""

from django.contrib import admin

from ..models import LOW_STOCK


class StockFilter(admin.SimpleListFilter):
    title = parameter_name = "stock"

    def lookups(self, request, model_admin):
        return [("in", "In stock"), ("low", f"Low: at most {LOW_STOCK}"), ("out", "Out of stock")]

    def queryset(self, request, products):
        lookups = {"in": {"quantity__gt": 0}, "low": {"quantity__lte": LOW_STOCK}, "out": {"quantity": 0}}
        return products.filter(**lookups.get(self.value(), {}))


class DeletedFilter(admin.SimpleListFilter):
    """Shows either the deleted products or the others."""

    title = parameter_name = "deleted"

    def lookups(self, request, model_admin):
        return [("true", "Deleted")]

    def choices(self, changelist):
        [first, deleted] = super().choices(changelist)
        return [first | {"display": "Not deleted"}, deleted]

    def queryset(self, request, products):
        return products.deleted() if is_list_of_deleted(request) else products.listed()


def is_list_of_deleted(request):
    return request.GET.get(DeletedFilter.parameter_name) == "true"
