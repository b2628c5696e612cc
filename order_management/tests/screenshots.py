"""Which files the pages in the pictures in docs/ consist of, and what they were when the pictures were taken."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RECORD = ROOT / "docs/screenshots.json"
APPS = ["accounts", "demo", "orders", "order_management", "products"]
PATTERNS = ["admin.py", "admin/*.py", "access_actions.py", "dashboard.py", "data.py", "lockouts.py"]
FOLDERS = ["templates", "static"]


def files():
    """Return a digest for each file that a page consists of, and for the version of unfold."""
    paths = {path for app in APPS for pattern in PATTERNS for path in ROOT.glob(f"{app}/{pattern}")}
    paths |= {path for app in APPS for folder in FOLDERS for path in ROOT.glob(f"{app}/{folder}/**/*.*")}
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(paths)}
    [unfold] = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "django-unfold==" in line]
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in {**texts, "unfold": unfold}.items()}


def changed():
    """Return the names of the files that have changed since the pictures were taken."""
    now, then = files(), json.loads(RECORD.read_text())
    return sorted(name for name in now | then if now.get(name) != then.get(name))


def record():
    RECORD.write_text(json.dumps(files(), indent=2) + "\n")
