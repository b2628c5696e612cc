"""CSV files in UTF-8 of any length, read and written row by row."""

import csv
import io

from ..batches import batches
from .formulas import escape_formulas
from .lines import ROW_MAX, RowTooLong

BATCH = 500  # rows

# Without it, Excel assumes an older encoding.
BYTE_ORDER_MARK = "\ufeff"


class BadFile(Exception):
    """The file cannot be imported; `lines` has its first bad lines, as pairs of number and reason."""

    def __init__(self, message, lines=()):
        super().__init__(message)
        self.lines = list(lines)


def read_csv(lines, columns):
    """Yield a triple for each row of a file's Lines: its line number, its cells by column, and its error or None.

    Raise BadFile unless the header has the first of the columns and at least one other, in any order.
    """
    rows = read_rows(lines)
    header = read_header(rows, columns)
    for number, cells, error in rows:
        # Spreadsheets also write columns that were cleared.
        if not error and (len(cells) < len(header) or any(cells[len(header) :])):
            error = f"There must be {len(header)} columns, not {len(cells)}."
        yield number, None if error else dict(zip(header, cells, strict=False)), error


def read_rows(lines):
    """Yield a triple for each row that is not blank: its line number, its cells as a list, and its error or None."""
    # Without strict, the reader guesses what a stray quote means.
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
            yield number, None, "This is not CSV: a quote is never closed, or a line ends in neither LF nor CRLF."
        else:
            if any(cell.strip() for cell in cells):
                yield number, cells, None


def read_header(rows, columns):
    """Return the column names in the first row, or raise BadFile."""
    number, cells, error = next(rows, (0, None, "The file is empty."))
    header = [name.strip().lower() for name in cells or []]
    while header and not header[-1]:
        header.pop()
    error = error or header_error(header, columns)
    if error:
        raise BadFile(f"Line {number}: {error}" if number else error)
    return header


def header_error(header, columns):
    """Return what is wrong with the column names, or None."""
    required, *others = columns
    problems = {
        "Missing": [required] if required not in header else [],
        "Unknown": [name for name in header if name not in columns],
        "More than once": [name for name in columns if header.count(name) > 1],
    }
    errors = [f"{problem}: {', '.join(map(repr, names))}." for problem, names in problems.items() if names]
    if not errors and len(header) > 1:
        return None
    rule = (
        f"The columns are {required} and at least one of {', '.join(others)}, separated by commas, semicolons or tabs."
    )
    return " ".join([rule, *errors])


def write_csv(header, rows):
    """Yield a CSV file with this header and these rows, as chunks of text."""
    yield BYTE_ORDER_MARK + csv_text([header])
    for batch in batches(rows, BATCH):
        yield csv_text([escape_formulas(cell) if isinstance(cell, str) else cell for cell in row] for row in batch)


def csv_text(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
