from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order, ReturnedItem
from orders.services import return_items
from products.models import Product, StockMovement
from products.services import move_stock


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
        f"Product {stray} (Net): quantity 0, no movements",
        "Mismatches: 3.",
    ]


def test_deleted_products_are_verified_too(bat):
    Product.objects.all().remove()
    StockMovement.objects.update(balance=11)

    assert len(verify()) == 2


def test_verification_takes_four_statements(bat, ball, django_assert_num_queries):
    with django_assert_num_queries(4):
        verify()


@pytest.fixture
def give_back(admin, order):
    """A function that returns one of the two bats of the order."""
    Order.objects.update(status="delivered")

    def give_back(**options):
        items = [{"product": order.lines.get().product_id, "quantity": 1}]
        return_items(order, by=admin, items=items, **options)

    return give_back


def test_returns_match_the_ledger(give_back, ball):
    give_back(restock=False)
    give_back(restock=True)

    assert verify() == ["2 products match their movements."]


def test_a_return_of_the_previous_version_matches_the_ledger(order, admin, bat):
    move_stock({bat.pk: 2}, kind="returned", order=order.pk, by=admin)
    order.events.create(status="returned", by=admin)

    assert verify() == ["1 products match their movements."]


def test_a_return_that_differs_from_the_ledger_is_named(give_back, order, bat):
    give_back(restock=False)
    ReturnedItem.objects.update(restock=True)

    assert verify() == [
        f"Order {order.pk}, product {bat.pk}: 1 returned to stock, 0 in the ledger",
        "Mismatches: 1.",
    ]


def test_a_return_in_the_ledger_alone_is_named(order, admin, bat):
    move_stock({bat.pk: 2}, kind="returned", order=order.pk, by=admin)

    assert verify()[0] == f"Order {order.pk}, product {bat.pk}: 0 returned to stock, 2 in the ledger"
