"""Imports go one way: demo -> orders -> products -> accounts -> order_management."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Each may import itself and those before it.
PACKAGES = ["order_management", "accounts", "products", "orders", "demo"]


def modules(package):
    return [path for path in (ROOT / package).rglob("*.py") if "tests" not in path.relative_to(ROOT).parts]


def imported(path):
    """Yield the name and line of every absolute import in a file, including those inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module, node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_one_above_it(package):
    above = PACKAGES[PACKAGES.index(package) + 1 :]

    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(package)
        for name, line in imported(path)
        if name.partition(".")[0] in above
    ]

    assert modules(package)
    assert wrong == []
