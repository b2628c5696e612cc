from order_management.files.export import ExportCommand
from products.exports import products_csv
from products.models import Product


class Command(ExportCommand):
    help = "Write the catalogue as a CSV file, which import_products reads."

    def export(self, **options):
        return products_csv(Product.objects.order_by("id"))
