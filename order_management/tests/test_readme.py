"""Every sample in the README is run: the calls here, the commands in tests_live/test_readme.py."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest

from accounts.models import User
from accounts.tokens import RefreshToken
from order_management.ops import metrics
from products.imports import import_products
from products.models import Product

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_every_kind_of_sample_is_run():
    assert {kind for kind, _ in FENCES} == {"http", "sh"}
    assert README.count("```") == 2 * len(FENCES)


def parse(sample):
    """Return (method, path, headers, body) of a call and (status, body) of its answer."""
    request, answer = sample.strip().rsplit("\n\n", 1)
    head, _, body = request.partition("\n\n")
    first, *headers = head.splitlines()
    method, path = first.split(" ")
    status, shown = answer.split(" ", 1)
    headers = dict(header.split(": ") for header in headers)
    return (method, path, headers, json.loads(body) if body else None), (int(status), json.loads(shown))


def like(shown, got):
    """Return whether a response equals the sample, apart from values that end in "..."."""
    if isinstance(shown, str) and shown.endswith("..."):
        return got.startswith(shown[:-3])
    if isinstance(shown, dict):
        return list(shown) == list(got) and all(like(shown[key], got[key]) for key in shown)
    if isinstance(shown, list):
        return len(shown) == len(got) and all(map(like, shown, got))
    return shown == got


def samples():
    """Yield (heading, call, answer) of every call."""
    for heading, text in re.findall(r"^### (.*?)$(.*?)(?=^##|\Z)", README, re.DOTALL | re.MULTILINE):
        for sample in re.findall(r"^```http\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            yield heading, *parse(sample)


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_calls_return_the_responses_shown(api, admin):
    assert len(list(samples())) == [kind for kind, _ in FENCES].count("http")

    access = ""
    for heading, (method, path, headers, body), (status, shown) in samples():
        if heading.endswith("(Admin)"):
            access = str(RefreshToken.for_user(admin).access_token)
        elif "(" in heading:
            access = str(RefreshToken.for_user(User.objects.get(username="user1")).access_token)
        headers = {name: value.replace("<ACCESS_TOKEN>", access) for name, value in headers.items()}
        content = json.dumps(body) if body else ""
        response = api().generic(method, path, content, "application/json", headers=headers)
        assert response.status_code == status, response.content
        assert like(shown, response.json()), (path, response.json())


def test_the_documented_calls_are_shown():
    shown = {(method, path) for _, (method, path, *_), _ in samples()}

    assert shown >= {
        ("POST", "/api/accounts/register/"),
        ("POST", "/api/login/"),
        ("POST", "/api/products/create/"),
        ("GET", "/api/products/"),
        ("PUT", "/api/products/1/"),
        ("DELETE", "/api/products/1/delete/"),
    }


def test_the_table_has_every_setting():
    read = set(re.findall(r'env\.(?!refuse)\w+\(\s*"(\w+)"', (ROOT / "order_management/settings.py").read_text()))

    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == read | {metrics.DIRECTORY}


def test_the_makefile_has_every_command_shown():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z-]+)", README)):
        assert f"\n{target}:" in makefile


def test_every_folder_of_tests_is_run(pytestconfig):
    folders = {path.parent.name for path in ROOT.glob("*/tests")}

    assert folders == set(pytestconfig.getini("testpaths"))


@pytest.mark.django_db
def test_the_csv_file_of_the_operations_page_is_imported_as_described():
    [text] = re.findall(r"^```csv\n(.*?)^```", OPERATIONS, re.DOTALL | re.MULTILINE)
    import_products(BytesIO(b"id,name,price,quantity\n2,Ball,250.00,3\n"))

    assert import_products(BytesIO(text.encode())) == (1, 1, 0)
    assert Product.objects.filter(pk=2, price=260, quantity=3).exists()
