import pytest
from django.db.models import Count, F

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


@pytest.mark.parametrize(
    "change",
    [
        lambda products: products.annotate(double=F("quantity") * 2),
        lambda products: products.annotate(movements_count=Count("movements")),
        lambda products: products.values_list("name", named=True).distinct(),
    ],
)
def test_a_kept_statement_serves_only_rows_of_the_same_kind(bat, change):
    for products in (Product.objects.rows(), Product.objects.values_list("name", named=True)):
        first_rows(products, ("name",), 7)

    changed = change(Product.objects.rows())
    assert first_rows(changed, ("name",), 7) == list(changed)
