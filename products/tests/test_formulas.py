"""No text becomes a formula and none is changed, whatever it contains and however a spreadsheet reads the file."""

import csv
import io
import itertools
import random
import unicodedata

import pytest

from order_management.files.csv import write_csv
from order_management.files.formulas import escape_formulas, unescape_formulas
from products.exports import products_csv
from products.import_plan import Counts
from products.imports import import_products
from products.models import Product

FORMULA = tuple("=+-@＝＋－＠")
ALPHABET = "='\";\t\n\r a"
SHORT = ["".join(text) for length in range(1, 5) for text in itertools.product(ALPHABET, repeat=length)]
BLANK = "".join(map(chr, range(33))) + '"\x7f\xa0\u200b\ufeff'
READERS = [
    {"delimiter": delimiter, **quoting}
    for delimiter in ",;\t|"
    for quoting in ({}, {"quoting": csv.QUOTE_NONE}, {"skipinitialspace": True})
]


def attacks(count, seed=13):
    """Return longer texts made of the characters that matter and a few others."""
    choose = random.Random(seed)  # noqa: S311 - not a secret
    return [
        "".join(choose.choices(ALPHABET + ",|+＝-＠\x0b\u2028\xa0\ufeff", k=choose.randint(5, 30)))
        for _ in range(count)
    ]


def lines_of(text):
    """Return the lines as split by a plain reader, and as split by one that knows more line endings."""
    return io.StringIO(text, newline=""), text.splitlines(keepends=True)


def cells_of(text):
    for reader in READERS:
        for lines in lines_of(text):
            for row in csv.reader(lines, **reader):
                yield from row


def formulas_in(text):
    return [cell for cell in cells_of(text) if cell.startswith(("\t", "\r")) or cell.lstrip(BLANK).startswith(FORMULA)]


@pytest.mark.parametrize("texts", [SHORT, attacks(3_000)], ids=["short", "long"])
def test_no_reader_finds_a_formula(texts):
    text = "".join(write_csv(["id", "text", "number", "last"], ((1, text, "2.00", text) for text in texts)))

    assert formulas_in(text) == []


@pytest.mark.parametrize("texts", [SHORT, attacks(3_000)], ids=["short", "long"])
def test_every_text_survives_the_round_trip(texts):
    assert [text for text in texts if unescape_formulas(escape_formulas(text)) != text] == []


def test_harmless_text_is_left_unchanged():
    for text in [
        "",
        "Bat",
        "'Bat'",
        "'",
        "1-1",
        "a, b; c | d",
        "5' x 6', large",
        "Bat - large",
        "a\r\n\r\nb",
        "x@y.example",
    ]:
        assert escape_formulas(text) == unescape_formulas(text) == text


def test_invisible_characters_do_not_hide_a_formula():
    invisible = [
        character
        for character in map(chr, range(0x110000))
        if character.isspace() or unicodedata.category(character) in ("Cc", "Zs", "Zl", "Zp")
    ]
    invisible += "\xad\u034f\u115f\u180e\u200b\u200f\u202e\u2060\u3164\ufe0f\ufeff\uffa0\U000e0001\U000e0100"

    for formula in FORMULA:
        assert [blank for blank in invisible if f"'{formula}" not in escape_formulas(f"{blank}{formula}1")] == []
        assert [blank for blank in invisible if f"'{formula}" not in escape_formulas(f"a;{blank}{formula}1")] == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_name_survives_being_saved_by_another_program(db, delimiter):
    names = [name for name in {text.strip()[:100] for text in attacks(500) + SHORT[:1500]} if name]
    Product.objects.bulk_create(Product(name=name, price=1, quantity=1) for name in names)
    before = list(Product.objects.values_list("id", "name"))
    exported = "".join(products_csv(Product.objects.all()))
    saved = io.StringIO()
    csv.writer(saved, delimiter=delimiter).writerows(csv.reader(io.StringIO(exported, newline="")))
    file = io.BytesIO(saved.getvalue().encode())

    assert import_products(file) == Counts(0, 0, len(names))
    Product.objects.update(name="Lost")
    assert import_products(file) == Counts(0, len(names), 0)
    assert list(Product.objects.values_list("id", "name")) == before
