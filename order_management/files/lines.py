"""The lines of a CSV file of any length."""

import codecs

ROW_MAX = 64 * 1024  # bytes
SEPARATORS = ",;\t"


class RowTooLong(Exception):
    """The row is too long. Raised before more of it is read."""


class Lines:
    """Iterates over the lines of a binary file as text, from the first one that is not blank.

    `separator` is what separates the cells, `number` the number of the last line read, and `size` the length in bytes
    of the row that it belongs to, so far; the caller sets it to 0 before each row.
    """

    def __init__(self, file):
        self.file = file
        self.number = self.size = 0
        self.next_line = self.read_line().removeprefix(codecs.BOM_UTF8)
        # Spreadsheets write separators for a row that was cleared.
        while self.next_line and not self.next_line.strip(b' \r\n"' + SEPARATORS.encode()):
            self.number += self.next_line.endswith(b"\n")
            self.next_line = self.read_line()
        # Column names contain none of these.
        self.separator = next((char for char in SEPARATORS if char.encode() in self.next_line), ",")

    # Not a generator, because that would end after the first bad line.
    def __iter__(self):
        return self

    def __next__(self):
        line, self.next_line = self.next_line or self.read_line(), b""
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.size > ROW_MAX:
            while line and not line.endswith(b"\n"):
                line = self.read_line()
            raise RowTooLong
        return line.decode()

    def read_line(self):
        return self.file.readline(ROW_MAX + 1)
