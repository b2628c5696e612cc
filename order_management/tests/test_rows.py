from order_management.db.rows import RowQuerySet, first_rows
from products.models import Product


class Interrupted(RowQuerySet):
    """Products that another thread lists for the first time while their statement is being compiled."""

    def order_by(self, *ordering):
        first_rows(Product.objects.rows(), ordering, 7)
        return super().order_by(*ordering)


def test_two_threads_may_compile_the_same_statement(bat):
    interrupted = Interrupted(Product).values_list("id", "name", "price", "quantity", named=True)

    # The second time, the statement is the one kept.
    for products in (interrupted, Product.objects.rows()):
        assert [row.name for row in first_rows(products, ("id",), 7)] == ["Bat"]
