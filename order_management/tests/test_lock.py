"""The files in lock/, which `make lock` writes, agree with the lists that people read."""

import re
from importlib import metadata
from itertools import product

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = settings.BASE_DIR / "lock"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = [("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows")]


def entries(path):
    """Return each line of a list, joined if it is continued, without comments and options."""
    text = re.sub(r"(^|\s+)#.*", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [line for line in text.splitlines() if line and not line.startswith("-")]


def requirements(path):
    found = [Requirement(entry.split(" --hash")[0]) for entry in entries(path)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def pins(path):
    return {name: str(requirement.specifier) for name, requirement in requirements(path).items()}


def environments():
    for python, (sys_platform, platform_system) in product(PYTHONS, PLATFORMS):
        versions = {"python_version": python, "python_full_version": f"{python}.0"}
        platforms = {"sys_platform": sys_platform, "platform_system": platform_system}
        yield versions | platforms | {"implementation_name": "cpython", "extra": ""}


def applies(requirement, environment):
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize(
    ("readable", "locked"),
    [
        ("requirements.txt", "requirements.txt"),
        ("requirements-dev.txt", "requirements-dev.txt"),
        ("requirements-schemathesis.txt", "requirements-schemathesis.txt"),
    ],
)
def test_every_requirement_is_locked_in_its_version(readable, locked):
    wanted = pins(settings.BASE_DIR / readable)

    assert wanted
    assert wanted.items() <= pins(LOCK / locked).items()


@pytest.mark.parametrize("path", sorted(LOCK.iterdir()), ids=lambda path: path.name)
def test_every_package_has_a_version_and_hashes_and_no_address(path):
    for entry in entries(path):
        assert re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; [^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", entry), entry
    assert "://" not in path.read_text()


def test_what_one_lock_adds_to_another_changes_no_version():
    runtime, tests, dev = [pins(LOCK / f"{name}.txt") for name in ("runtime", "requirements", "requirements-dev")]

    assert runtime.items() < tests.items() < dev.items()


def test_a_production_server_gets_the_packages_above_the_heading_tests(tmp_path):
    above, below = (settings.BASE_DIR / "requirements.txt").read_text().split("\n# Tests")
    (tmp_path / "runtime").write_text(above)
    (tmp_path / "tests").write_text(below.partition("\n")[2])
    locked = pins(LOCK / "runtime.txt")

    assert pins(tmp_path / "runtime").items() <= locked.items()
    assert {"pytest", "pytest-django"} <= pins(tmp_path / "tests").keys() - locked.keys()


@pytest.mark.parametrize("lock", ["runtime", "requirements"])
def test_the_lock_has_what_its_packages_require_on_each_python_and_platform(lock):
    locked = requirements(LOCK / f"{lock}.txt")

    for environment in environments():
        for name in [name for name, entry in locked.items() if applies(entry, environment)]:
            for required in map(Requirement, installed_requirements(name)):
                if applies(required, environment):
                    entry = locked[canonicalize_name(required.name)]
                    assert applies(entry, environment), (name, str(required), environment)
                    assert required.specifier.contains(str(entry.specifier).removeprefix("=="))


def test_the_workflow_pins_each_action_by_its_commit():
    workflow = (settings.BASE_DIR / ".github/workflows/ci.yml").read_text()
    actions = re.findall(r"uses: (.*)", workflow)

    assert actions
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action) for action in actions)


def installed_requirements(name):
    """Return what an installed package requires; nothing for one that is needed on other systems only."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
