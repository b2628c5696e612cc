"""Invisible characters, which Python's unicodedata cannot identify."""

import unicodedata

from django.core.exceptions import ValidationError

# Default_Ignorable_Code_Point in DerivedCoreProperties.txt, unchanged from Unicode 14 to 16:
# https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt
DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
IGNORABLE_CODES = {code for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)}
BRAILLE_BLANK = "\u2800"  # a symbol according to Unicode


def is_default_ignorable(character):
    """Return whether a character is invisible in software that does not support it."""
    return ord(character) in IGNORABLE_CODES


def is_visible(character):
    """Return whether a character is visible: not white space, a control character or default-ignorable."""
    blank = character.isspace() or unicodedata.category(character) == "Cc" or character == BRAILLE_BLANK
    return not blank and not is_default_ignorable(character)


def validate_visible(text):
    """Raise ValidationError for a string without a visible character."""
    if not any(map(is_visible, text)):
        raise ValidationError("Enter at least one visible character.")


def validate_no_ignorable(text):
    """Raise ValidationError for a string with invisible characters, which could look like another string."""
    if any(map(is_default_ignorable, text)):
        raise ValidationError("Invisible characters are not allowed.")
