"""Whatever text is exported, no reader of the file finds a formula, and importing the file restores the text."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_management.files.csv import write_csv
from order_management.files.formulas import escape_formulas, unescape_formulas

from .databases import ON_POSTGRES

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="no database is involved")
FORMULA, DROPPED = tuple("=+-@＝＋－＠"), "".join(map(chr, range(33))) + '"\x7f\xa0\u200b\u2060\ufeff'
LIKELY = "=+-@＝＋－＠'\",;|\t\r\n \u2028\ufeffx"
TEXTS = st.text(alphabet=st.one_of(st.sampled_from(LIKELY), st.characters(exclude_categories=["Cs"])), max_size=40)


def cells(text):
    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter, quoting=quoting):
                yield from row


@settings(max_examples=2000, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_no_reader_finds_a_formula_in_any_text(rows):
    text = "".join(write_csv(["id", "name", "note"], ((1, *row) for row in rows)))

    assert [cell for cell in cells(text) if cell.lstrip(DROPPED).startswith(FORMULA)] == []
    assert [[unescape_formulas(escape_formulas(cell)) for cell in row] for row in rows] == [list(row) for row in rows]
