"""The lines of a CSV file, however long they are."""

import codecs

ROW_MAX = 64 * 1024  # bytes
SEPARATORS = ",;\t"


class RowTooLong(Exception):
    """The row is too long; raised before more of it is read."""


class Lines:
    """The lines of a binary file as text, from the first one that is not blank.

    `number` is the number of the last line, `size` the length of its row so far, `separator` what separates cells.
    """

    def __init__(self, file):
        self.file = file
        self.number = self.size = 0
        self.ahead = self.read().removeprefix(codecs.BOM_UTF8)
        # Spreadsheets write separators for an emptied row.
        while self.ahead and not self.ahead.strip(b' \r\n"' + SEPARATORS.encode()):
            self.number += self.ahead.endswith(b"\n")
            self.ahead = self.read()
        # Column names contain none of these.
        self.separator = next((each for each in SEPARATORS if each.encode() in self.ahead), ",")

    # Not a generator, which would end after the first bad line.
    def __iter__(self):
        return self

    def __next__(self):
        line, self.ahead = self.ahead or self.read(), b""
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.size > ROW_MAX:
            self.skip_rest(line)
            raise RowTooLong
        return line.decode()

    def read(self):
        return self.file.readline(ROW_MAX + 1)

    def skip_rest(self, line):
        while line and not line.endswith(b"\n"):
            line = self.file.readline(ROW_MAX)
