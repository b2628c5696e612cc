from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from products.models import Product, StockMovement


def verify():
    out = StringIO()
    try:
        call_command("verify_stock", stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), str(error)]
    return out.getvalue().splitlines()


def test_matching_products_are_counted(order, ball):
    assert verify() == ["2 products match their movements."]


@pytest.mark.django_db
def test_an_empty_shop_matches():
    assert verify() == ["0 products match their movements."]


def test_every_mismatch_is_named(bat, ball):
    Product.objects.filter(pk=bat.pk).update(quantity=9)
    ball.movements.create(kind="adjusted", delta=1, balance=5)
    Product.objects.create(name="Net", price=1, quantity=0)
    stray = Product.objects.latest("id").pk

    assert verify() == [
        f"Product {bat.pk} (Bat): quantity 9, sum of movements 10, newest balance 10",
        f"Product {ball.pk} (Ball): quantity 3, sum of movements 4, newest balance 5",
        f"Product {stray} (Net): quantity 0, sum of movements 0, newest balance None",
        "3 of 3 products do not match their movements.",
    ]


def test_deleted_products_are_verified_too(bat):
    Product.objects.all().remove()
    StockMovement.objects.update(balance=11)

    assert len(verify()) == 2


def test_verification_takes_two_statements(bat, ball, django_assert_num_queries):
    with django_assert_num_queries(2):
        verify()
