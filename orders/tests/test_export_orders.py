import io
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.http import StreamingHttpResponse

from accounts.models import User
from order_management.files.csv import BATCH
from orders.exports import orders_csv
from orders.models import Order
from orders.services import place_order, return_items
from products.services import create_product

HEADER = "\ufefforder,customer,status,created_at,product,name,price,quantity,subtotal,total,note,returned"


def export(*arguments):
    out = io.StringIO()
    call_command("export_orders", *arguments, stdout=out)
    return out.getvalue().split("\r\n")


def place(customer, *lines, at=None, note=""):
    items = [{"product": product.pk, "quantity": quantity} for product, quantity in lines]
    place_order(customer=customer, items=items, note=note)
    order = Order.objects.latest("id")
    Order.objects.filter(pk=order.pk).update(created_at=at or order.created_at)
    return order


def test_the_file_has_a_row_per_order_line(customer, bat, ball):
    at = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    pk = place(customer, (bat, 2), (ball, 1), at=at, note="Ring, twice").pk

    assert export() == [
        HEADER,
        f'{pk},carl,pending,2026-11-22T10:00:00.123456Z,{bat.pk},Bat,1200.00,2,2400.00,2450.00,"Ring, twice",0',
        f'{pk},carl,pending,2026-11-22T10:00:00.123456Z,{ball.pk},Ball,50.00,1,50.00,2450.00,"Ring, twice",0',
        "",
    ]


def test_the_last_column_says_how_many_pieces_were_returned(admin, customer, bat, ball):
    order = place(customer, (bat, 3), (ball, 1))
    Order.objects.update(status="delivered")
    return_items(order, by=admin, items=[{"product": bat.pk, "quantity": 2}])
    Order.objects.filter(pk=place(customer, (bat, 4)).pk).update(status="returned")

    assert [row.split(",")[-1] for row in export()[1:-1]] == ["2", "0", "4"]


@pytest.mark.django_db
def test_an_empty_export_is_a_header():
    assert export() == [HEADER, ""]


def test_text_that_could_be_a_formula_is_escaped(admin):
    customer = User.objects.create_user("@carl", password="carl's secret")
    product = create_product(name="=1+1", price=1, quantity=1, by=admin)
    place(customer, (product, 1), note="-2+3")

    row = export()[1].split(",")
    assert (row[1], row[5], row[-2]) == ("'@carl", "'=1+1", "'-2+3")


@pytest.mark.parametrize("begin", ["=cmd", "+x@y", "-x", "@carl", "＝1"])
def test_formulas_in_an_order_are_escaped_wherever_a_cell_could_begin(bat, begin):
    customer = User.objects.create_user("someone", password="someone's secret")
    User.objects.filter(pk=customer.pk).update(username=begin)
    bat.update(name=f"Bat;{begin}")
    place(customer, (bat, 1), note=f"x;\"{begin}|' /C calc'!A1;{begin}")

    written = "\n".join(export())

    assert written.count(begin) == written.count(f"'{begin}") == 4


def test_name_and_price_are_those_of_the_moment_of_ordering(order, bat):
    bat.update(name="Club", price=1)

    assert ",Bat,1200.00,2,2400.00,2400.00," in export()[1]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], [1, 2, 3]),
        (["--from", "2026-11-02"], [2, 3]),
        (["--to", "2026-11-02"], [1, 2]),
        (["--from", "2026-11-02", "--to", "2026-11-02"], [2]),
        (["--status", "cancelled"], [2]),
        (["--status", "pending", "--to", "2026-11-30"], [1, 3]),
    ],
)
def test_orders_can_be_chosen_by_day_and_status(customer, bat, arguments, found):
    midnight = datetime(2026, 11, 2, tzinfo=UTC)
    place(customer, (bat, 3), at=midnight.replace(day=3))
    second = place(customer, (bat, 2), at=midnight)
    place(customer, (bat, 1), at=midnight.replace(day=1, hour=23, minute=59))
    Order.objects.filter(pk=second.pk).update(status="cancelled")

    assert [int(row.split(",")[7]) for row in export(*arguments)[1:-1]] == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "yesterday"], "'yesterday' is not a day like 2026-11-30."),
        (["--to", "2026-02-30"], "'2026-02-30' is not a day like 2026-11-30."),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--to is before --from."),
        (["--status", "lost"], "invalid choice: 'lost'"),
    ],
)
def test_a_malformed_choice_is_refused(arguments, said):
    with pytest.raises(CommandError, match=said):
        export(*arguments)


def test_the_export_can_be_streamed_to_a_browser(order):
    response = StreamingHttpResponse(orders_csv(Order.objects.all()), content_type="text/csv")

    assert response.getvalue().decode().split("\r\n") == export()


def test_an_export_takes_two_statements_per_batch(customer, bat, django_assert_num_queries):
    order = place(customer, (bat, 1))
    Order.objects.bulk_create(Order(customer=customer, total=order.total) for _ in range(BATCH))

    with django_assert_num_queries(3):
        assert len(export()) == 3


def test_the_export_can_be_written_to_a_file(order, tmp_path):
    path = tmp_path / "orders.csv"

    assert export(str(path)) == [""]
    assert path.read_bytes().decode().split("\r\n") == export()
