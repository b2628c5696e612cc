"""The parts that exist only for speed: `make bench ARGS="--only ours --without PART"` measures the project without."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple


class Part(NamedTuple):
    """A part of a file, and what would be there without it."""

    file: str
    text: str
    without: str


PREPARED = "order_management/db/prepared.py"
PARTS = {
    "kept-connections": Part(
        "order_management/settings.py", '"conn_max_age": 0 if DEBUG else None', '"conn_max_age": 0'
    ),
    "page-middleware": Part(
        "order_management/api/middleware.py",
        'if not call.match(request.path_info.lstrip("/")):\n            return get_response(request)',
        "return get_response(request)",
    ),
    "compiled-sql": Part(
        PREPARED,
        "self.compiled = cache(self.compile)\n\n    def __call__(self, *values):",
        "self.compiled = self.compile\n\n    def __call__(self, *values):",
    ),
    "compiled-pages": Part("order_management/db/rows.py", "@lru_cache(maxsize=1024)\n", ""),
    "update-by-pk": Part(
        "products/models.py",
        "update_product(self.pk, **changes)",
        "Product.objects.filter(pk=self.pk).update(**changes)",
    ),
    "token-cache": Part("accounts/tokens.py", "@lru_cache(maxsize=10_000)\n", ""),
    "patient-sqlite": Part(
        "order_management/db/sqlite/base.py",
        'self.connection.execute("PRAGMA busy_timeout = 0")',
        'self.connection.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")',
    ),
    "qmark-cache": Part("order_management/db/sqlite/base.py", "@lru_cache(maxsize=1000)\n", ""),
    "decimal-cache": Part(
        "order_management/db/sqlite/base.py", "@lru_cache(maxsize=10_000)\ndef read_decimal", "def read_decimal"
    ),
    "few-checks": Part("order_management/db/postgres/base.py", "PAUSE = 1 ", "PAUSE = 0 "),
}


def copy_without(name, root, folder):
    """Copy the project to a new folder, without the part of this name."""
    part = PARTS[name]
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(".*", "venv", "node_modules", "db.sqlite3*"))
    file = Path(folder) / part.file
    source = file.read_text()
    if source.count(part.text) != 1:
        sys.exit(f"{part.file} must contain {part.text!r} exactly once: update benchmarks/parts.py.")
    file.write_text(source.replace(part.text, part.without))
    return folder
