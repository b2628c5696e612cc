"""The table of invisible characters."""

import sys
import unicodedata

import pytest

from order_management.characters import is_default_ignorable, is_visible

# Visible format characters: signs that enclose numbers or text, annotations, Egyptian hieroglyph controls.
VISIBLE_FORMAT = [
    *[*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD],
    *[*range(0xFFF9, 0xFFFC), *range(0x13430, 0x13440)],
]


def test_every_invisible_format_character_is_ignorable():
    """Fails if a newer version of Unicode adds one."""
    characters = map(chr, range(sys.maxunicode + 1))
    hidden = {c for c in characters if unicodedata.category(c) == "Cf"} - set(map(chr, VISIBLE_FORMAT))

    assert len(hidden) > 100
    assert {f"{ord(c):04X}" for c in hidden if not is_default_ignorable(c)} == set()


def test_the_number_of_ignorable_characters_matches_unicode():
    assert sum(is_default_ignorable(chr(code)) for code in range(sys.maxunicode + 1)) == 4174


def test_no_visible_character_normalizes_to_an_invisible_one():
    """Usernames are normalized, in some places after the check."""
    # Those that are normalized already stay as they are.
    changed = [c for c in map(chr, range(sys.maxunicode + 1)) if not unicodedata.is_normalized("NFKC", c)]
    hiding = [c for c in changed if any(map(is_default_ignorable, unicodedata.normalize("NFKC", c)))]

    assert len(changed) > 1000
    assert all(map(is_default_ignorable, hiding))


@pytest.mark.parametrize("character", ["a", "ф", "中", "🏏", "\u0301", "\ue000", "\U0001fae8", "\u0600", "€", "1", "-"])
def test_letters_marks_symbols_and_unassigned_characters_are_visible(character):
    assert is_visible(character)


@pytest.mark.parametrize("character", list("\u3164\u200b\ufe0f\u00a0\u3000\x07\u2800\U000e0041"))
def test_blank_characters_are_not_visible(character):
    assert not is_visible(character)
