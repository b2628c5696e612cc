import re

from .screenshots import RECORD, ROOT, changed

PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md")]


def test_the_pictures_show_the_pages_as_they_are():
    assert changed() == [], "These files have changed since the pictures in docs/ were taken. Run make screenshots."


def test_every_picture_is_small_and_is_shown():
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    shown = {name for text in texts for name in re.findall(r"[\w-]+\.png", text)}
    pictures = {path.name: path.stat().st_size for path in RECORD.parent.glob("*.png")}

    assert shown == set(pictures)
    assert {name: size for name, size in pictures.items() if size > 120_000} == {}
