"""Text that a spreadsheet could read as a formula is escaped with a `'` in CSV files, and unescaped when read."""

import re

from order_management.characters import DEFAULT_IGNORABLE

# A program that expects another separator than the file's, or ignores quotes, starts a new cell after each of these.
# Of several line breaks in a row only the last one counts, so that CRLF stays together.
BREAK = r"[,;|\t\v\f\x1c-\x1e\x85\u2028\u2029\r\n](?<![\r\n](?=[\r\n]))"
# What such a program may strip from the start of a cell: quotes, white space and invisible characters.
INVISIBLE = "".join(f"{chr(first)}-{chr(last)}" for first, last in DEFAULT_IGNORABLE)
STRIPPED = (
    r'["\x00-\x08\x0e-\x1b\x1f \x7f-\x84\x86-\xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufff9-\ufffb' + f"{INVISIBLE}]*"
)
FORMULA = r"[=+\-@\t\r\n＝＋－＠]"  # noqa: RUF001


def before_formulas(marks):
    """Return a pattern for what precedes a possible formula and its marks, in a text that begins with a separator."""
    # If the text ends with a separator, the closing quote in the file would start a cell, too.
    return rf"{BREAK}(?:{STRIPPED}(?={marks}{FORMULA})|(?<!\A,){STRIPPED}(?={marks}\Z))"


UNESCAPED, ESCAPED = re.compile(before_formulas("'*")), re.compile(before_formulas("'+") + "'")


def escape_formulas(text):
    """Return the text with a `'` before everything that could be a formula: one more where there already are any."""
    return UNESCAPED.sub(lambda match: f"{match[0]}'", f",{text}")[1:]


def unescape_formulas(text):
    """Return the text that was passed to `escape_formulas`."""
    return ESCAPED.sub(lambda match: match[0][:-1], f",{text}")[1:]
