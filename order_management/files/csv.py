"""CSV files in UTF-8: read row by row, however long they are, and written in pieces.

Where a spreadsheet could read text as a formula, a `'` is written before it, and removed when the file is read.
"""

import csv
import io
import re
from itertools import islice

from order_management.characters import DEFAULT_IGNORABLE

from .lines import ROW_MAX, RowTooLong

BATCH = 500  # rows

# Without it, Excel assumes an older encoding.
BYTE_ORDER_MARK = "\ufeff"

# A program that uses a different separator than the file, or ignores quotes, starts a cell after each of these. Of
# several line breaks in a row only the last one counts, so that CRLF stays together.
BREAK = r"[,;|\t\v\f\x1c-\x1e\x85\u2028\u2029\r\n](?<![\r\n](?=[\r\n]))"
# What it may drop from the start of a cell: quotes, white space and invisible characters.
UNSEEN = "".join(f"{chr(first)}-{chr(last)}" for first, last in DEFAULT_IGNORABLE)
DROPPED = (
    r'["\x00-\x08\x0e-\x1b\x1f \x7f-\x84\x86-\xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufff9-\ufffb' + f"{UNSEEN}]*"
)
FORMULA = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001


def before_formulas(marks):
    """Return a pattern for what precedes a possible formula and its marks, in a text with a separator before it."""
    # If the text ends with a separator, the closing quote in the file would start a cell, too.
    return rf"{BREAK}(?:{DROPPED}(?={marks}{FORMULA})|(?<!\A,){DROPPED}(?={marks}\Z))"


UNMARKED, MARKED = re.compile(before_formulas("'*")), re.compile(before_formulas("'+") + "'")


class BadFile(Exception):
    """The file cannot be imported; `lines` has its first bad lines, pairs of number and reason."""

    def __init__(self, message, lines=()):
        super().__init__(message)
        self.lines = list(lines)


def batches(items, size=BATCH):
    """Yield the items in lists of the size; the last one may be shorter."""
    items = iter(items)
    return iter(lambda: list(islice(items, size)), [])


def read_csv(lines, columns):
    """Yield each row of the Lines of a file as its line number, a dict by column, and what is wrong with it, or None.

    Raise BadFile if the first row does not name the first of the columns and at least one other, in any order.
    """
    rows = read_rows(lines)
    header = read_header(rows, columns)
    for number, cells, wrong in rows:
        # A spreadsheet also writes columns that were emptied.
        if not wrong and (len(cells) < len(header) or any(cells[len(header) :])):
            wrong = f"There must be {len(header)} columns, not {len(cells)}."
        yield number, None if wrong else dict(zip(header, cells, strict=False)), wrong


def read_rows(lines):
    """Yield each row that is not blank as its line number, its cells, and what is wrong with it or None."""
    # Strict, because it would else make something of every stray quote.
    reader = csv.reader(lines, delimiter=lines.separator, strict=True)
    while True:
        number, lines.size = lines.number + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            yield lines.number, None, "This is not UTF-8 (in Excel: save as CSV UTF-8)."
        except RowTooLong:
            yield number, None, f"The row that begins here is longer than {ROW_MAX} bytes."
        except csv.Error:
            yield number, None, "This is not CSV: a quote has no partner, or a line ends in neither LF nor CRLF."
        else:
            if any(cell.strip() for cell in cells):
                yield number, cells, None


def read_header(rows, columns):
    """Return the names in the first row, or raise BadFile."""
    number, header, wrong = next(rows, (0, None, "The file is empty."))
    names = [name.strip().lower() for name in header or []]
    while names and not names[-1]:
        names.pop()
    wrong = wrong or wrong_header(names, columns)
    if wrong:
        raise BadFile(f"Line {number}: {wrong}" if number else wrong)
    return names


def wrong_header(header, columns):
    """Return what is wrong with the names of the columns, or None."""
    required, *others = columns
    names = {
        "Missing": [required] if required not in header else [],
        "Unknown": [name for name in header if name not in columns],
        "More than once": [name for name in columns if header.count(name) > 1],
    }
    wrong = [f"{what}: {', '.join(map(repr, found))}." for what, found in names.items() if found]
    if not wrong and len(header) > 1:
        return None
    rule = (
        f"The columns are {required} and at least one of {', '.join(others)}, separated by commas, semicolons or tabs."
    )
    return " ".join([rule, *wrong])


def write_csv(header, rows):
    """Yield a file with the rows, in pieces of text."""
    yield BYTE_ORDER_MARK + csv_text([header])
    for some in batches(rows):
        yield csv_text([harmless(cell) for cell in row] for row in some)


def csv_text(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def harmless(cell):
    """Return the cell; in text, put a `'` before whatever could be a formula or already is such a `'`."""
    return UNMARKED.sub(lambda place: f"{place[0]}'", f",{cell}")[1:] if isinstance(cell, str) else cell


def as_written(text):
    """Return the text that `harmless` has made of it."""
    return MARKED.sub(lambda place: place[0][:-1], f",{text}")[1:]
