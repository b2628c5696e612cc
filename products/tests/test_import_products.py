import csv
import io
import sys
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from order_management.files.csv import BATCH, ROW_MAX, BadFile
from products.import_plan import BAD_LINES_KEPT, Counts
from products.imports import ProductImporter, import_products
from products.models import Product, StockMovement
from products.services import create_product

HEADER = "id,name,price,quantity"
NOT_CSV = "This is not CSV: a quote is never closed, or a line ends in neither LF nor CRLF."


def file(*lines, header=HEADER):
    return io.BytesIO("\n".join([header, *lines]).encode())


@contextmanager
def checked(source):
    """Check a file, and yield its importer."""
    with ProductImporter(source) as importer:
        importer.check()
        yield importer


def errors_of(source):
    """Import a file that must be refused as a whole; return the errors of its lines, or of the file."""
    before = state()
    with pytest.raises(BadFile) as refused:
        import_products(source)
    assert state() == before
    return refused.value.lines or str(refused.value)


def state():
    return list(Product.objects.values_list()), list(StockMovement.objects.values_list())


def catalog():
    call_command("verify_stock", stdout=io.StringIO())
    return list(Product.objects.order_by("id").values_list("id", "name", "price", "quantity"))


def ledger(product_id):
    rows = StockMovement.objects.filter(product=product_id).order_by("id")
    return list(rows.values_list("kind", "delta", "balance", "order", "by__username", "note"))


def test_a_row_creates_changes_or_leaves_a_product(admin, bat, ball):
    lines = [f"{bat.pk},Club,1250.5,12", ",Net,9,0", f"{ball.pk},Ball,50,3"]

    assert import_products(file(*lines), by=admin) == Counts(created=1, changed=1, unchanged=1)

    net = Product.objects.get(name="Net").pk
    assert catalog() == [
        (bat.pk, "Club", Decimal("1250.50"), 12),
        (ball.pk, "Ball", Decimal("50.00"), 3),
        (net, "Net", Decimal("9.00"), 0),
    ]
    assert ledger(bat.pk) == [("created", 10, 10, None, "anna", ""), ("set", 2, 12, None, "anna", "import")]
    assert ledger(ball.pk) == [("created", 3, 3, None, "anna", "")]
    assert ledger(net) == [("created", 0, 0, None, "anna", "import")]


def test_changing_only_the_price_moves_no_stock(bat):
    assert import_products(file(f"{bat.pk},Bat,1100,10")).changed == 1

    assert catalog() == [(bat.pk, "Bat", Decimal("1100.00"), 10)]
    assert len(ledger(bat.pk)) == 1


def test_setting_the_stock_books_the_difference_to_the_current_stock(order, bat):
    import_products(file(f"{bat.pk},Bat,1200,20"))

    assert catalog() == [(bat.pk, "Bat", Decimal("1200.00"), 20)]
    assert ledger(bat.pk)[-1] == ("set", 12, 20, None, None, "import")


def test_a_new_product_may_have_an_id_and_later_ids_follow_it(admin, bat):
    low, high = bat.pk + 5, bat.pk + 700
    import_products(file(f"{high},Club,1,5", f"{low},Ball,1,0"))
    create_product(name="Net", price=1, quantity=1, by=admin)
    import_products(file(",Cap,1,1"))

    found = [row[:2] for row in catalog()]
    assert found == [(bat.pk, "Bat"), (low, "Ball"), (high, "Club"), (high + 1, "Net"), (high + 2, "Cap")]
    assert ledger(low) == [("created", 0, 0, None, None, "import")]


def test_lower_ids_do_not_set_the_sequence_back(bat):
    low, high = bat.pk + 5, bat.pk + 700
    import_products(file(f"{high},Club,1,5"))
    import_products(file(f"{low},Ball,1,5", ",Net,1,1"))

    assert [row[0] for row in catalog()] == [bat.pk, low, high, high + 1]


def test_new_products_do_not_take_ids_that_come_later_in_the_file(bat):
    later = bat.pk + 1
    assert import_products(file(*[",Net,1,1"] * BATCH, f"{later},Club,1,5")) == Counts(BATCH + 1, 0, 0)

    assert [row[:2] for row in catalog()[:3]] == [(bat.pk, "Bat"), (later, "Club"), (later + 1, "Net")]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="Only SQLite has no sequence before the first row.")
def test_nor_do_they_in_an_empty_shop():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'products_product'")
    import_products(file(*[",Net,1,1"] * BATCH, "1,Club,1,5"))

    assert [row[:2] for row in catalog()[:2]] == [(1, "Club"), (2, "Net")]


def test_the_columns_can_be_in_any_order(bat):
    import_products(file(f"7,Club,{bat.pk},3.50", header="quantity,name,id,price"))

    assert catalog() == [(bat.pk, "Club", Decimal("3.50"), 7)]


@pytest.mark.django_db
def test_a_name_is_trimmed_and_may_contain_commas_quotes_and_newlines():
    import_products(file(',"  Bat, ""large""\nand heavy ",1,1', ",Ball,1,1"))

    assert [row[1] for row in catalog()] == ['Bat, "large"\nand heavy', "Ball"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content", ["\ufeffid,name,price,quantity\r\n\r\n,Bät,1,1\r\n  \r\n", f"\n{HEADER}\n\n,Bät,1,1"]
)
def test_a_byte_order_mark_blank_lines_and_any_line_ending_are_accepted(content):
    assert import_products(io.BytesIO(content.encode())).created == 1
    assert Product.objects.get().name == "Bät"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("name,price,quantity", "Missing: 'id'."),
        ("id", ""),
        ("id,name,price,quantity,colour", "Unknown: 'colour'."),
        ("id;name;stock", "Unknown: 'stock'."),
        ("id,name,price,quantity,name", "More than once: 'name'."),
        ("id|name", "Missing: 'id'. Unknown: 'id|name'."),
        ("id;name,price", "Missing: 'id'. Unknown: 'id;name'."),
        ("id,,name", "Unknown: ''."),
    ],
)
def test_an_unexpected_header_is_refused(header, wrong):
    said = errors_of(file(",Bat,1,1", header=header))

    rule = "The columns are id and at least one of name, price, quantity, separated by commas, semicolons or tabs."
    assert said == f"Line 1: {rule} {wrong}".strip()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_detected_from_the_header(bat, separator, mark):
    rows = [
        ["ID", "name", "price", "quantity"],
        [str(bat.pk), "Club, red; |", "1250.50", "12"],
        ["", "Net", "9", "0"],
    ]
    text = io.StringIO(mark)
    text.seek(len(mark))
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)

    assert import_products(io.BytesIO(text.getvalue().encode())) == Counts(created=1, changed=1, unchanged=0)
    assert [row[1:] for row in catalog()] == [("Club, red; |", Decimal("1250.50"), 12), ("Net", Decimal("9.00"), 0)]


@pytest.mark.django_db
def test_empty_rows_and_columns_of_a_spreadsheet_are_ignored():
    import_products(file(";Bät;1,5;1;;", ";;;;;", header="\ufeff;;;;;\nid;name;price;quantity;;"))

    assert [row[1:] for row in catalog()] == [("Bät", Decimal("1.50"), 1)]


@pytest.mark.parametrize(
    ("header", "line", "changed"),
    [
        ("id,quantity", "{},12", {"quantity": 12}),
        ("price;id", "1250,5;{}", {"price": Decimal("1250.50")}),
        ("id,name", "{},Club", {"name": "Club"}),
        ("id\tname\tquantity", "{}\tClub\t", {"name": "Club"}),
    ],
)
def test_a_file_may_have_only_the_columns_that_change(bat, header, line, changed):
    assert import_products(file(line.format(bat.pk), header=header)) == Counts(0, 1, 0)

    product = {"name": "Bat", "price": Decimal("1200.00"), "quantity": 10} | changed
    assert catalog() == [(bat.pk, *product.values())]
    assert len(ledger(bat.pk)) == 1 + ("quantity" in changed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "line", "reason"),
    [
        ("id,quantity", ",5", "name: This field is required. price: This field is required."),
        ("id,name,price", ",Net,1", "quantity: This field is required."),
        ("id,quantity", "999,5", "name: There is no product 999 yet, so its name is required."),
        ("id,name", "999,Net", "price: There is no product 999 yet, so its price is required."),
    ],
)
def test_a_new_product_needs_every_column(header, line, reason):
    assert errors_of(file(line, header=header)) == [(2, reason)]


def test_fields_without_a_column_keep_their_current_values(bat):
    with checked(file(f"{bat.pk},12", header="id,quantity")) as importer:
        Product.objects.filter(pk=bat.pk).update(price=5, name="Club")
        importer.save()

    assert catalog() == [(bat.pk, "Club", Decimal("5.00"), 12)]


@pytest.mark.django_db
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("price", "quantity", "read"),
    [
        ("34.0000", "10", ("34.00", 10)),
        ("34.5", " 10 ", ("34.50", 10)),
        (" 34.500000 ", "10.0", ("34.50", 10)),
        ("0.500", "10.00", ("0.50", 10)),
        ("1234.000", "1000", ("1234.00", 1000)),
        ("34,00", "10,0", ("34.00", 10)),
        ("1234,5", "10", ("1234.50", 10)),
    ],
)
def test_numbers_are_read_as_spreadsheets_write_them(separator, price, quantity, read):
    row = separator.join(f'"{cell}"' for cell in ("", "Bat", price, quantity))
    import_products(file(row, header=HEADER.replace(",", separator)))

    assert catalog()[0][2:] == (Decimal(read[0]), read[1])


AMBIGUOUS = "This could mean thousands or decimals: write 1200 or 1.20."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("separator", "price", "quantity", "reason"),
    [
        (",", '"1,200"', "1", f"price: {AMBIGUOUS}"),
        (";", "1.200", "1", f"price: {AMBIGUOUS}"),
        (";", "12,500", "1", f"price: {AMBIGUOUS}"),
        (";", "1.234,50", "1", "price: A valid number is required."),
        (";", "1 234,50", "1", "price: A valid number is required."),
        (",", "1.001", "1", "price: Ensure that there are no more than 2 decimal places."),
        (",", "1", "1.000", f"quantity: {AMBIGUOUS}"),
        (";", "1", "1,000", f"quantity: {AMBIGUOUS}"),
        (",", "1", "1e3", "quantity: A valid integer is required."),
        (";", "1", "1E+03", "quantity: A valid integer is required."),
        (";", "1", "1,5", "quantity: A valid integer is required."),
    ],
)
def test_an_ambiguous_or_malformed_number_is_refused(separator, price, quantity, reason):
    line = separator.join(["", "Bat", price, quantity])

    assert errors_of(file(line, header=HEADER.replace(",", separator))) == [(2, reason)]


@pytest.mark.django_db
def test_a_price_in_a_comma_separated_file_may_have_three_decimal_places():
    import_products(file(",Bat,12.500,1"))

    assert Product.objects.get().price == Decimal("12.50")


@pytest.mark.django_db
@pytest.mark.parametrize("content", ["", "\ufeff", "\n \n"])
def test_an_empty_file_is_refused(content):
    assert errors_of(io.BytesIO(content.encode())) == "The file is empty."


@pytest.mark.django_db
def test_a_line_in_another_encoding_is_named():
    assert errors_of(io.BytesIO(f"{HEADER}\n,Bat,1,1\n,".encode() + "Bät,1,1\n".encode("latin-1"))) == [
        (3, "This is not UTF-8 (in Excel: save as CSV UTF-8).")
    ]
    assert errors_of(io.BytesIO(HEADER.encode("utf-16"))) == "Line 1: This is not UTF-8 (in Excel: save as CSV UTF-8)."
    assert errors_of(io.BytesIO(f"{HEADER}\n,".encode() + b"\xed\xa0\x80,1,1")) == [
        (2, "This is not UTF-8 (in Excel: save as CSV UTF-8).")
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",,1,1", "name: This field may not be blank."),
        (", \t ,1,1", "name: This field may not be blank."),
        (f",{'a' * 101},1,1", "name: Ensure this field has no more than 100 characters."),
        (",nul\0,1,1", "name: Null characters are not allowed."),
        (",Bat,abc,1", "price: A valid number is required."),
        (",Bat,,1", "price: A valid number is required."),
        (",Bat,1e3,1", "price: A valid number is required."),
        (",Bat,NaN,1", "price: A valid number is required."),
        (",Bat,1.005,1", "price: Ensure that there are no more than 2 decimal places."),
        (",Bat,-1,1", "price: Ensure this value is greater than or equal to 0."),
        (",Bat,100000000,1", "price: Ensure that there are no more than 8 digits before the decimal point."),
        (",Bat,1,-1", "quantity: Ensure this value is greater than or equal to 0."),
        (",Bat,1,2147483648", "quantity: Ensure this value is less than or equal to 2147483647."),
        (",Bat,1,1.5", "quantity: A valid integer is required."),
        (",Bat,x,y", "price: A valid number is required. quantity: A valid integer is required."),
        *[
            (f"{pk},Bat,1,1", "id: Must be a whole number from 1 to 9223372036854775807, or empty.")
            for pk in ["0", "-1", "+1", "1.0", " 1", "１", "x", "9223372036854775808", "1" * 5000]
        ],
        (",Bat,1", "There must be 4 columns, not 3."),
        (",Bat,1,1,1", "There must be 4 columns, not 5."),
        ("Bat", "There must be 4 columns, not 1."),
        (',"Bat" large,1,1', NOT_CSV),
        (",Bat\rlarge,1,1", NOT_CSV),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(line, reason):
    [(number, said)] = errors_of(file(",Good,1,1", line, ",Good,1,1"))

    assert number == 3
    assert said.startswith(reason)


@pytest.mark.django_db
def test_a_bad_row_is_named_by_its_first_line():
    lines = [",Bat,abc,1", "", ',"Ball\nof\nwood",1,1', ",Ball,-1,1", ',"Net', "and pole,1,1"]

    assert errors_of(file(*lines)) == [
        (2, "price: A valid number is required."),
        (7, "price: Ensure this value is greater than or equal to 0."),
        (8, NOT_CSV),
    ]


@pytest.mark.django_db
def test_an_id_may_appear_only_once():
    assert errors_of(file("5,Bat,abc,1", ",Net,1,1", "5,Ball,1,1", "05,Ball,x,1")) == [
        (2, "price: A valid number is required."),
        (4, "id: 5 is already in line 2."),
        (5, "price: A valid number is required. id: 5 is already in line 2."),
    ]


def test_a_deleted_product_is_not_restored(bat):
    Product.objects.all().remove()

    assert errors_of(file(",Net,1,1", f"{bat.pk},Bat,1200,10")) == [(3, f"id: Product {bat.pk} was deleted.")]


def test_a_product_deleted_after_the_check_stops_the_import(bat):
    with checked(file(",Net,1,1", f"{bat.pk},Club,1200,10")) as importer:
        Product.objects.filter(pk=bat.pk).remove()
        with pytest.raises(BadFile) as refused, transaction.atomic():
            importer.save()

    assert refused.value.lines == [(3, f"id: Product {bat.pk} was deleted.")]
    assert Product.objects.get().name == "Bat"


def test_a_sale_after_the_check_is_part_of_the_difference(bat):
    with checked(file(f"{bat.pk},Bat,1200,10")) as importer:
        Product.objects.filter(pk=bat.pk).update(quantity=8)
        bat.movements.create(kind="ordered", delta=-2, balance=8)
        importer.save()

    assert catalog() == [(bat.pk, "Bat", Decimal("1200.00"), 10)]
    assert ledger(bat.pk)[-1] == ("set", 2, 10, None, None, "import")


@pytest.mark.django_db
def test_one_bad_line_at_the_end_stops_the_whole_import():
    good = [f"{number},Bat,1,1" for number in range(1, 2 * BATCH)]

    assert errors_of(file(*good, ",Bat,abc,1")) == [(2 * BATCH + 1, "price: A valid number is required.")]


@pytest.mark.django_db
def test_all_bad_lines_are_reported_and_the_first_are_kept():
    reported = []
    with pytest.raises(BadFile, match=r"^Nothing was imported because of 2000 bad lines\.$") as refused:
        import_products(file(*["x"] * 2000), report=lambda bad_lines, share: reported.extend(bad_lines))

    assert [number for number, _ in reported] == list(range(2, 2002))
    assert refused.value.lines == reported[:BAD_LINES_KEPT]


class Endless(io.RawIOBase):
    """A file whose first row has several megabytes, on one line or on many; it records the longest piece read."""

    def __init__(self, piece, count):
        self.head, self.tail = io.BytesIO(f'{HEADER}\n,"'.encode()), io.BytesIO(b'",1,1\n,Net,x,1\n')
        self.piece, self.left, self.count, self.longest = piece, count, count, 0

    def seek(self, offset, whence=0):
        return len(self.piece) * self.count

    def tell(self):
        return 0

    def readline(self, limit):
        line = self.head.readline(limit)
        while not line.endswith(b"\n") and len(line) + len(self.piece) <= limit and self.left:
            line, self.left = line + self.piece, self.left - 1
        if not self.left and not line:
            line = self.tail.readline(limit)
        self.longest = max(self.longest, len(line))
        return line


@pytest.mark.django_db
@pytest.mark.parametrize("piece", [b"a" * 1000, b"a" * 999 + b"\n"])
def test_a_row_of_megabytes_is_named_and_never_read_in_one_piece(piece):
    source = Endless(piece, 5000)
    with pytest.raises(BadFile) as refused:
        import_products(source)

    assert refused.value.lines[0] == (2, f"The row that begins here is longer than {ROW_MAX} bytes.")
    assert source.left == 0
    assert source.longest <= ROW_MAX + 1


@pytest.mark.django_db
def test_lines_after_an_overlong_line_are_checked_too():
    assert errors_of(file(f",{'a' * 300_000},1,1", ",Bat,x,1", ",Bat,1,1")) == [
        (2, f"The row that begins here is longer than {ROW_MAX} bytes."),
        (3, "price: A valid number is required."),
    ]


def test_a_dry_run_returns_the_same_counts_and_writes_nothing(bat, ball):
    lines = [f"{bat.pk},Bat,1200,11", f"{ball.pk},Ball,50,3", f"{ball.pk + 900},Net,1,1", ",Cap,1,1"]
    before = state()

    assert import_products(file(*lines), dry_run=True) == Counts(created=2, changed=1, unchanged=1)
    assert state() == before
    assert create_product(name="Net", price=1, quantity=1, by=None).pk == ball.pk + 1


def test_a_batch_takes_a_fixed_number_of_statements(bat, django_assert_num_queries):
    ids = range(bat.pk + 1, bat.pk + 1 + 2 * BATCH)
    # The savepoint and its release, the reserved ids, the record of the import. On PostgreSQL also the import's lock.
    once = 4 + (connection.vendor == "postgresql")
    # For each batch a lock, a read without a lock and one with it, and then the products and the ledger. Django sends
    # SQLite at most 999 parameters in one statement: 199 products.
    reads, writes = 3, 1 + (1 if connection.vendor == "postgresql" else 3)
    with transaction.atomic():
        with django_assert_num_queries(once + 2 * (reads + writes)):
            import_products(file(*[f"{pk},Bat,1,1" for pk in ids]))
        with django_assert_num_queries(once + 2 * (reads + writes)):
            import_products(file(*[f"{pk},Bat,2,2" for pk in ids]))
        with django_assert_num_queries(once + 2 * reads):
            import_products(file(*[f"{pk},Bat,2,2" for pk in ids]))


@pytest.fixture
def path(tmp_path):
    """A function that writes a file and returns its path."""

    def path(*lines):
        path = tmp_path / "products.csv"
        path.write_bytes(file(*lines).getvalue())
        return str(path)

    return path


class Terminal(io.StringIO):
    def isatty(self):
        return True


def command(path, *options, err=None):
    out = io.StringIO()
    call_command("import_products", path, *options, stdout=out, stderr=err or io.StringIO(), no_color=True)
    return out.getvalue()


def test_the_command_reports_what_it_did(path, bat):
    assert command(path(f"{bat.pk},Bat,1,1", ",Net,1,1")) == "Created 1, changed 1, left 0 unchanged.\n"
    assert ledger(bat.pk)[-1] == ("set", -9, 1, None, None, "import")


def test_the_command_can_do_a_dry_run(path, bat):
    said = command(path(f"{bat.pk},Bat,1,1", ",Net,1,1"), "--dry-run")

    assert said == "Would have created 1, changed 1, left 0 unchanged.\n"
    assert [row[1:] for row in catalog()] == [("Bat", Decimal("1200.00"), 10)]


@pytest.mark.django_db
def test_the_command_reads_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file(",Bat,1,1")))

    assert command("-") == "Created 1, changed 0, left 0 unchanged.\n"


@pytest.mark.django_db
def test_the_command_names_every_bad_line(path):
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"^Nothing was imported because of 2 bad lines\.$"):
        command(path(",Bat,abc,1", ",Bat,1,1", "x"), err=err)

    assert err.getvalue() == "Line 2: price: A valid number is required.\nLine 4: There must be 4 columns, not 1.\n"
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_a_terminal_shows_a_progress_bar(path):
    err = Terminal()
    command(path(*[",Bat,1,1"] * 2 * BATCH), err=err)

    bars = [bar for bar in err.getvalue().split("\r") if bar.startswith("[")]
    assert [bar.count("#") for bar in bars] == [10, 20, 30, 40]
    assert err.getvalue().endswith("\r\x1b[K")


def test_an_unreadable_file_is_named(tmp_path):
    for path, reason in [(tmp_path, "Is a directory"), (tmp_path / "none.csv", "No such file or directory")]:
        with pytest.raises(CommandError) as refused:
            command(str(path))
        assert str(refused.value) == f"{path} cannot be read: {reason}."


def test_an_empty_quantity_leaves_the_stock_unchanged(order, bat):
    assert import_products(file(f"{bat.pk},Bat,1300,")).changed == 1

    assert catalog() == [(bat.pk, "Bat", Decimal("1300.00"), 8)]
    assert len(ledger(bat.pk)) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("7,Bat,1,", "quantity: There is no product 7 yet, so its stock is required."),
        (",Bat,1,", "quantity: A valid integer is required."),
        ("2147483648,Bat,1,1", "id: There is no product 2147483648, and a new one can have an id up to 2147483647."),
    ],
)
def test_a_row_that_cannot_create_its_product_is_named(line, reason):
    assert errors_of(file(line)) == [(2, reason)]
    assert catalog() == []


def test_column_names_in_any_case_and_empty_rows_are_accepted(bat):
    import_products(file(",,,", f"{bat.pk},Club,1,1", header=" ID,Name,PRICE,Quantity"))

    assert catalog() == [(bat.pk, "Club", Decimal("1.00"), 1)]
