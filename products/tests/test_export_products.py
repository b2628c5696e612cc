import io
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.http import StreamingHttpResponse

from order_management.files.formulas import escape_formulas, unescape_formulas
from products.exports import products_csv
from products.import_plan import Counts
from products.imports import import_products
from products.models import Product
from products.services import create_product


def export(*arguments):
    out = io.StringIO()
    call_command("export_products", *arguments, stdout=out)
    return out.getvalue()


def test_the_file_has_a_row_per_product_ordered_by_id(bat, ball):
    assert export() == (f"\ufeffid,name,price,quantity\r\n{bat.pk},Bat,1200.00,10\r\n{ball.pk},Ball,50.00,3\r\n")


def test_deleted_products_are_left_out(bat, ball):
    Product.objects.filter(pk=bat.pk).remove()

    assert "Bat" not in export()


@pytest.mark.django_db
def test_an_empty_catalog_is_exported_as_a_header():
    assert export() == "\ufeffid,name,price,quantity\r\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''=1", "'+", "''@x"])
def test_text_that_could_be_a_formula_is_escaped(name):
    assert escape_formulas(name) == f"'{name}"
    assert unescape_formulas(escape_formulas(name)) == name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("x;\"=cmd|' /C calc'!A1;y", "x;\"'=cmd|' /C calc'!A1;y"),
        (" =1", " '=1"),
        ("a\n=1", "a\n'=1"),
        ("a, '=1", "a, ''=1"),
        ("＝1|＋1", "'＝1|'＋1"),
        ("a;", "a;'"),
    ],
)
def test_a_formula_is_escaped_wherever_a_cell_could_begin(name, written):
    assert escape_formulas(name) == written
    assert unescape_formulas(written) == name


@pytest.mark.parametrize("name", ["Bat", "'Bat'", "'", "1-1", "", "Bat - large", "5' x 6', red", "a\r\n\r\nb"])
def test_other_text_is_left_unchanged(name):
    assert escape_formulas(name) == unescape_formulas(name) == name


def test_an_export_is_imported_back_exactly(admin):
    names = [
        "=1+1",
        "'=1+1",
        "''=1",
        "-Bat",
        "+",
        "@",
        "'\tx",
        "'Bat'",
        'a "b", c;',
        "a\nb",
        "a\r\nb",
        "a\rb",
        "Bät 🏏",
        "\ufeffBat\ufeff",
        "x, =1; '+1",
        "x" * 100,
    ]
    for number, name in enumerate(names):
        create_product(name=name, price=f"{number}.10", quantity=number, by=admin)
    exported, before = export(), list(Product.objects.values_list())

    assert import_products(io.BytesIO(exported.encode())) == Counts(0, 0, len(names))

    Product.objects.update(name="Lost", price=99)
    assert import_products(io.BytesIO(exported.encode())) == Counts(0, len(names), 0)
    assert list(Product.objects.values_list()) == before


@pytest.mark.django_db
def test_an_export_can_be_imported_into_an_empty_shop():
    exported = "\ufeffid,name,price,quantity\r\n3,'=1+1,1.00,0\r\n8,'''@,2.50,7\r\n"
    import_products(io.BytesIO(exported.encode()))

    assert Product.objects.get(pk=3).name == "=1+1"
    assert export() == exported


def test_the_file_is_utf_8_with_a_byte_order_mark_and_crlf(admin, tmp_path):
    create_product(name="Bät\n2", price=1, quantity=1, by=admin)
    path = tmp_path / "products.csv"

    assert export(str(path)) == ""
    assert path.read_bytes().startswith("\ufeffid,".encode())
    assert path.read_bytes().endswith(',"Bät\n2",1.00,1\r\n'.encode())


@pytest.mark.django_db
def test_an_unwritable_file_is_named(tmp_path):
    with pytest.raises(CommandError) as refused:
        export(str(tmp_path))

    assert str(refused.value) == f"{tmp_path} cannot be written: Is a directory."


def test_the_export_can_be_streamed_to_a_browser(bat):
    response = StreamingHttpResponse(products_csv(Product.objects.all()), content_type="text/csv")

    assert response.getvalue().decode() == export()


def test_an_export_takes_one_statement(bat, ball, django_assert_num_queries):
    with django_assert_num_queries(1):
        export()


PIPED = """
from order_management.files.export import ExportCommand

class Command(ExportCommand):
    def export(self, **options):
        return ["Bät\\r\\n"] * 100_000

Command().run_from_argv(["manage.py", "export_products", "--skip-checks"])
"""


def test_the_command_exits_quietly_when_its_reader_goes_away():
    program = "import django; django.setup()" + PIPED
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "order_management.settings", "PYTHONIOENCODING": "latin-1"}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout.readline() == "Bät\r\n".encode()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
