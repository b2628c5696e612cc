"""The container image and compose.yaml, as far as they can be checked without a container engine."""

import os
import re

import yaml
from django.conf import settings
from django.core.management import get_commands

from order_management import __version__

ROOT = settings.BASE_DIR
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SCRIPTS = sorted(path for path in (ROOT / "deploy/container").iterdir() if path.is_file())
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
NODES = yaml.safe_load((ROOT / "compose.nodes.yaml").read_text())
SERVICES = {**COMPOSE["services"], **{name: NODES["services"][name] for name in ("node-2", "replica")}}
# What the image's own programs, PostgreSQL's image and the scripts in deploy/container/ read.
OTHERS = r"PATH|PYTHON\w+|GRANIAN_\w+|POSTGRES_(USER|DB|PASSWORD_FILE)|APP_USER|NODE_[12]"


def variables():
    instructions = re.sub(r"\\\n", " ", DOCKERFILE)
    yield from (pair.split("=")[0] for pair in re.search("^ENV (.*)$", instructions, re.M)[1].split())
    for service in [*SERVICES.values(), *NODES["services"].values()]:
        yield from service.get("environment", {})
    yield from re.findall(r"([A-Z_]+)='%s'", (ROOT / "deploy/container/make-secrets").read_text())


def test_the_image_has_the_version_of_the_code():
    texts = DOCKERFILE + (ROOT / "compose.yaml").read_text()

    assert f'image.version="{__version__}"\n' in DOCKERFILE
    assert set(re.findall(r"order-management:([0-9.]+)", texts)) == {__version__}


def test_every_variable_is_a_setting_in_the_readme():
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M))
    unknown = {name for name in variables() if not re.fullmatch(OTHERS, name)} - named

    # libpq's: it completes the URL of the database.
    assert unknown == {"PGPASSWORD"}


def test_the_server_has_the_variables_of_the_systemd_unit():
    unit = (ROOT / "deploy/order-management.service").read_text()
    in_unit = re.search("^Environment=(.*)$", unit, re.M)[1].split()

    assert set(in_unit) <= set(re.findall(r"[A-Z_]+=\S+", DOCKERFILE))


def test_every_command_exists():
    texts = [DOCKERFILE, *(path.read_text() for path in [ROOT / "compose.yaml", *SCRIPTS])]
    commands = {name for text in texts for name in re.findall(r"manage\.py,? ([a-z_]+)", text)}

    assert commands >= {"migrate", "housekeeping", "backup"}
    assert commands <= get_commands().keys() | {"order_management"}  # copied and compiled after manage.py


def test_every_file_that_is_copied_or_mounted_exists_and_scripts_are_executable():
    copied = [words.split() for words in re.findall("^COPY (?!--)(.*)$", DOCKERFILE, re.M)]
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    sources = [words[0] for words in copied] + [path.split(":")[0] for path in mounted if path.startswith("./")]
    allowed = re.findall("^!(.*)$", (ROOT / ".dockerignore").read_text(), re.M)

    assert all((ROOT / source).exists() for source in sources)
    assert {words[0] for words in copied} == set(allowed)
    assert all(os.access(path, os.X_OK) for path in SCRIPTS if path.suffix != ".py")


def test_the_application_has_no_privileges_and_no_port_of_its_own():
    for name, service in COMPOSE["services"].items():
        if name in ("database", "proxy"):
            continue
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "user" not in service or name == "secrets"
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.M)
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_no_file_contains_a_password():
    for name in ("compose.yaml", "compose.nodes.yaml", "Dockerfile"):
        assert not re.search(r"PASSWORD: |PASSWORD=|SECRET_KEY|TOKEN[:=]|://\w+:\w+@", (ROOT / name).read_text())


def test_every_service_waits_for_services_that_exist():
    for service in [*SERVICES.values(), *NODES["services"].values()]:
        assert service.get("depends_on", {}).keys() <= SERVICES.keys()
    assert SERVICES["node-1"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["node-2"]["extends"] == {"file": "compose.yaml", "service": "node-1"}


def test_the_proxy_runs_deploy_nginx_conf_with_every_address_and_path_replaced():
    site = re.sub("#.*", "", (ROOT / "deploy/nginx.conf").read_text())
    replacements = re.findall(r"s\|([^|]+)\|([^|]+)\|", (ROOT / "deploy/container/nginx").read_text())

    for pattern, new in replacements:
        site, count = re.subn(pattern, new, site)
        assert count, pattern
    assert not re.search(r"shop\.example|10\.0\.|/etc/ssl|/var/log", site)
