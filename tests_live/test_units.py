"""The systemd units in deploy/: what they run, and their sandbox."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import pytest

from .databases import ON_POSTGRES
from .server import PRODUCTION, ROOT, VARIABLES, WAIT

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the same on both databases")
UNITS = sorted((ROOT / "deploy").glob("*.service"))
DAY = 24 * 3600


def test_all_services_have_the_same_sandbox():
    texts = [unit.read_text() for unit in UNITS]
    [sandbox] = {re.search(r"^NoNewPrivileges=.*?(?=\n\n|\Z)", text, re.M | re.S)[0].strip() for text in texts}

    assert "ProtectSystem=strict" in sandbox
    assert len(texts) == 3


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_accepts_the_units(tmp_path):
    units = [tmp_path / file.name for file in (ROOT / "deploy").glob("*.[st][ei][rm]*")]
    for unit in units:
        text = (ROOT / "deploy" / unit.name).read_text()
        unit.write_text(re.sub("/srv/order-management/.venv/bin/[a-z]+", shutil.which("true"), text))

    run = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=WAIT)

    assert len(units) == 5
    assert (run.returncode, run.stderr) == (0, "")


def run_backup(folder, database_url):
    """Run the commands of the unit as systemd does, with another directory for the backups."""
    environment = {"PATH": os.environ["PATH"]} | VARIABLES[PRODUCTION] | {"DATABASE_URL": database_url}
    unit = (ROOT / "deploy/order-management-backup.service").read_text()
    changes = {"/var/lib/order-management-backups": str(folder), "${BACKUP_DAYS}": "14", "$$": "$", "%%": "%"}
    for old, new in (changes | {".venv/bin/python": sys.executable}).items():
        unit = unit.replace(old, new)
    for line in re.findall("^ExecStart(?:Post)?=(.*)", unit, re.M):
        subprocess.run(shlex.split(line), cwd=ROOT, env=environment, check=True, timeout=WAIT)


def test_a_nightly_backup_removes_old_ones_only_if_it_succeeds(databases, tmp_path):
    old = [".shop-1.backup.abc", "shop-1.backup", "shop-1.txt", "shop-2.backup"]
    for name, age in zip(old, (2, 16, 16, 13), strict=True):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age * DAY,) * 2)

    with pytest.raises(subprocess.CalledProcessError):
        run_backup(tmp_path, databases.empty())
    after_failure = sorted(os.listdir(tmp_path))
    run_backup(tmp_path, databases.new())

    assert after_failure == old
    kept = sorted(os.listdir(tmp_path))
    assert kept[:2] == ["shop-1.txt", "shop-2.backup"]
    assert re.fullmatch(r"shop-\d{4}-\d\d-\d\dT\d{6}Z\.backup", kept[2])
    assert len(kept) == 3
