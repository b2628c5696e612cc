"""The code that docs/ names exists, and docs/api.md covers every call and parameter."""

import re
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
DESIGN, API = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("design.md", "api.md"))
FILE = re.compile(r"`(\w[\w/]*(?:\.py|/))`")
# `place_order()`, `OutOfStock`, `TRANSITIONS`; without backticks in the diagram.
NAME = re.compile(r"\b([a-z]\w*)\(\)|`([A-Z]\w+)`")


def blocks(page):
    """Yield the paragraphs, table rows and list items: each names things together with their file."""
    for paragraph in page.split("\n\n"):
        yield from paragraph.splitlines() if paragraph.startswith(("|", "1. ", "- ")) else [paragraph]


def defined(name, source):
    return re.search(rf"^\s*(def|class) {name}\b|^\s*{name} = ", source, re.MULTILINE)


def sources(block):
    return [(ROOT / name).read_text(encoding="utf-8") for name in FILE.findall(block) if name.endswith(".py")]


def test_every_file_the_design_names_exists():
    named = FILE.findall(DESIGN)

    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_name_in_the_design_is_defined_in_the_file_named_with_it():
    everywhere = sources(DESIGN)
    checked = 0
    for block in blocks(DESIGN):
        for name in {a or b for a, b in NAME.findall(block)}:
            assert any(defined(name, source) for source in sources(block) or everywhere), (name, block)
            checked += 1
    assert checked > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page):
    for target, _, anchor in re.findall(r"\]\((?!http)([^)#]*)(#([^)]+))?\)", page.read_text(encoding="utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_test_named_by_the_security_page_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text(encoding="utf-8")))
    tests = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*/**/test_*.py"))

    assert named
    assert named <= set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))


def operations():
    """Yield (method, path as written on the page, operation) for every documented call."""
    for path, methods in SchemaGenerator().get_schema(public=True)["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path.replace("{id}", "<id>"), operation


def test_the_api_page_has_every_call():
    called = {f"{method} {path}" for method, path, _ in operations()}
    rows = set(re.findall(r"^\| `([A-Z]+ /api/[^`]*)` \|", API, re.MULTILINE))

    assert rows == called


def test_the_api_page_has_every_parameter_and_status():
    parameters, statuses = set(), set()
    for _, _, operation in operations():
        parameters |= {parameter["name"] for parameter in operation.get("parameters", [])} - {"id"}
        statuses |= operation["responses"].keys()

    assert parameters - set(re.findall(r"`([\w-]+)`", API)) == set()
    assert {status for status in statuses if status > "399"} - set(re.findall(r"^\| (\d+) \|", API, re.M)) == set()
