from order_management.files.export import ExportCommand
from products.exports import products_csv
from products.models import Product


class Command(ExportCommand):
    help = "Write the catalog to a CSV file that import_products can read."

    def export(self, **options):
        return products_csv(Product.objects.listed().order_by("id"))
