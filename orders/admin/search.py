"""The search of the list of orders. It reads a bounded number of orders, and all orders of the customers it finds."""

import re

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from products.models import Product

from ..models import Order

CUSTOMERS_MAX = 100
PRODUCTS_MAX = 20
NEWEST_OF_PRODUCT = 1000
NEWEST = 10_000  # whose notes and lines are read, because text has no index
MATCHES_MAX = 1000  # of them


class SearchMixin:
    """Finds an order by its number, orders of customers and products, and new orders by their notes and lines."""

    search_fields = ["note", "lines__name"]
    search_placeholder = "Number, customer, product or note"
    search_help_text = (
        f"Searches all orders of up to {CUSTOMERS_MAX} matching customers, the newest {NEWEST_OF_PRODUCT:,} orders of "
        f"each of up to {PRODUCTS_MAX} matching products, and the notes of the newest {NEWEST:,} orders."
    )

    def get_search_results(self, request, orders, search_term):
        number = re.fullmatch("(#?)([0-9]{1,18})", search_term.strip())
        if number and number[1]:
            return orders.filter(pk=number[2]), False
        if not search_term:
            return orders, False
        numbered = {int(number[2])} if number else set()
        pks = numbered.union(self.find_new(request, search_term), self.find_by_product(request, search_term))
        customers = self.find(User, request, search_term).filter(Exists(Order.objects.filter(customer=OuterRef("pk"))))
        return orders.filter(Q(pk__in=pks) | Q(customer__in=list(customers[:CUSTOMERS_MAX]))), False

    def find_new(self, request, search_term):
        """Return the ids of new orders with all words in the note or a line."""
        orders, _ = super().get_search_results(request, Order.objects.newest(NEWEST), search_term)
        return orders.order_by("-pk").values_list("pk", flat=True).distinct()[:MATCHES_MAX]

    def find_by_product(self, request, search_term):
        for product in self.find(Product, request, search_term)[:PRODUCTS_MAX]:
            yield from Order.objects.newest_of_product(product, NEWEST_OF_PRODUCT)

    def find(self, model, request, search_term):
        """Return the ids, newest first, of what the search of another list finds, shown there or not."""
        model_admin = self.admin_site.get_model_admin(model)
        found, _ = model_admin.get_search_results(request, model.objects.order_by("-pk"), search_term)
        return found.values_list("pk", flat=True)
