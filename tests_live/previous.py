"""The previous version of the project, from which an upgrade starts."""

import io
import subprocess
import tarfile

import pytest

from .server import ROOT

REVISION = "98ad17607d17"


def extract(folder):
    """Extract it into a folder, and return the folder; skip the test without the history."""
    archive = subprocess.run(["git", "archive", REVISION], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip("This copy of the project lacks the history.")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder
