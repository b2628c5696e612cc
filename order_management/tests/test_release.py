"""The version, which is stated once, and `make release`."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from order_management import __version__

FILES = ["Makefile", "CHANGELOG.md", "order_management/__init__.py", "tools/release"]
CHANGELOG = settings.BASE_DIR / "CHANGELOG.md"

needs_make = pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make")


class Repository:
    """A repository with one commit of what a release needs."""

    def __init__(self, folder):
        self.folder = folder
        for name in FILES:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(settings.BASE_DIR / name, folder / name)
        self.empty_unreleased()
        self.git("init", "--initial-branch=main")
        self.git("config", "user.name", "Anna")
        self.git("config", "user.email", "anna@shop.example")
        self.commit()

    def empty_unreleased(self):
        """Remove what has changed since the last release, which would refuse another one."""
        file = self.folder / "CHANGELOG.md"
        text = re.sub(r"(## Unreleased\n\n).*?(?=## \d)", r"\1", file.read_bytes().decode(), flags=re.DOTALL)
        file.write_bytes(text.encode())

    def git(self, *arguments):
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--message=Change")

    def replace(self, name, old, new):
        file = self.folder / name
        file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))
        self.commit()

    def release(self, version=__version__, checks="help"):
        command = ["make", "release", f"VERSION={version}", f"CHECKS={checks}"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_the_api_says_the_version(api):
    assert api().get("/api/").data["version"] == __version__
    assert api().get("/api/schema/").json()["info"]["version"] == __version__


def test_the_newest_version_in_the_changelog_is_that_of_the_code():
    sections = re.findall(r"^## (.*)$", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)

    assert sections[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d\d-\d\d", sections[1])


@needs_make
def test_a_release_is_tagged_and_not_pushed(repository):
    run = repository.release()

    assert run.returncode == 0, run.stderr
    assert "show this list" in run.stdout  # make help, the check
    assert repository.git("cat-file", "-t", f"v{__version__}") == "tag"
    assert repository.git("rev-parse", f"v{__version__}^{{commit}}") == repository.git("rev-parse", "HEAD")
    assert f"git push origin v{__version__}" in run.stdout


@needs_make
@pytest.mark.parametrize(
    ("prepare", "options", "sentence"),
    [
        (lambda repository: None, {"version": ""}, "VERSION must be three numbers"),
        (lambda repository: None, {"version": "v1.0"}, "VERSION must be three numbers"),
        (lambda repository: (repository.folder / "new").touch(), {}, "The working tree has changes"),
        (lambda repository: repository.git("checkout", "-b", "work"), {}, "on the branch main"),
        (lambda repository: None, {"version": "9.0.0"}, f"says version {__version__}, not 9.0.0"),
        (lambda repository: repository.replace("CHANGELOG.md", f"## {__version__}", "##"), {}, "needs a section"),
        (lambda repository: repository.replace("CHANGELOG.md", " - 20", " - 30"), {}, "of today or before"),
        (
            lambda repository: repository.replace("CHANGELOG.md", "## Unreleased\n", "## Unreleased\n\n- New.\n"),
            {},
            "below an empty",
        ),
        (lambda repository: repository.git("tag", f"v{__version__}"), {}, "already exists"),
        (lambda repository: repository.git("config", "tag.gpgSign", "true"), {}, "git tag failed"),
        (lambda repository: None, {"checks": "help nonsense"}, "make nonsense failed"),
    ],
)
def test_a_release_is_refused_with_a_sentence(repository, prepare, options, sentence):
    prepare(repository)
    tags = repository.git("tag")

    run = repository.release(**options)

    assert run.returncode
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
    assert repository.git("tag") == tags


def test_the_script_without_a_version_says_what_it_needs():
    script = settings.BASE_DIR / "tools/release"
    run = subprocess.run([sys.executable, script], capture_output=True, text=True)

    assert run.returncode == 1
    assert run.stderr.startswith("VERSION must be three numbers")
