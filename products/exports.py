"""The catalog as a CSV file, with the columns that an import reads."""

from order_management.files.csv import BATCH, write_csv

from .models import COLUMNS


def products_csv(products):
    """Yield the products of a queryset as a CSV file, in its order, as chunks of text."""
    return write_csv(COLUMNS, products.values_list(*COLUMNS).iterator(BATCH))
