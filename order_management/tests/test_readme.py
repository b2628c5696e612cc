"""Every sample of the README is run: the calls here, the commands in tests_live/test_readme.py."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest

from accounts.models import User
from accounts.tokens import RefreshToken
from products.imports import import_products
from products.models import Product

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_every_sample_is_of_a_kind_that_is_run():
    assert {kind for kind, _ in FENCES} == {"http", "sh", "bat", "csv"}
    assert README.count("```") == 2 * len(FENCES)


def parse(sample):
    """Return the first line, the headers and the body of a sample."""
    head, _, body = sample.strip().partition("\n\n")
    first, *headers = head.splitlines()
    return first, dict(header.split(": ") for header in headers), json.loads(body) if body else None


def like(shown, got):
    """Whether an answer is as shown: letter for letter, but for what changes with every call."""
    if isinstance(shown, str) and shown.endswith("..."):
        return got.startswith(shown[:-3])
    if isinstance(shown, dict):
        return list(shown) == list(got) and all(like(shown[key], got[key]) for key in shown)
    return shown == got


def samples():
    """Yield (heading, request, answer) of every call."""
    parts = re.findall(r"^### (.*?)$(.*?)(?=^##|\Z)", README, re.DOTALL | re.MULTILINE)
    for heading, text in parts:
        calls = re.findall(r"^```http\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for request, answer in zip(calls[::2], calls[1::2], strict=True):
            yield heading, parse(request), parse(answer)


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_calls_answer_as_shown(api, admin):
    known = {}
    assert 2 * len(list(samples())) == [kind for kind, _ in FENCES].count("http")

    for heading, (request, headers, body), (status, _, shown) in samples():
        method, path = request.split(" ")
        content = json.dumps(body) if body else ""
        if heading.endswith("(Admin)"):
            known["<ACCESS_TOKEN>"] = str(RefreshToken.for_user(admin).access_token)
        elif "(" in heading:
            known["<ACCESS_TOKEN>"] = str(RefreshToken.for_user(User.objects.get(username="user1")).access_token)
        for name, token in known.items():
            headers = {key: value.replace(name, token) for key, value in headers.items()}
            content = content.replace(name, token)
        response = api().generic(method, path, content, "application/json", headers=headers)
        assert f"{response.status_code} {response.reason_phrase}" == status, response.content
        assert like(shown, response.json()), (request, response.json())
        known |= {"<REFRESH_TOKEN>": response.json()["refresh"]} if "login" in path else {}


def test_every_setting_is_in_the_table():
    read = set(re.findall(r'env\.(?!refuse)\w+\(\s*"(\w+)"', (ROOT / "order_management/settings.py").read_text()))

    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == read


def test_the_makefile_has_the_commands():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z-]+)", README)):
        assert f"\n{target}:" in makefile


def test_every_folder_of_tests_is_run(pytestconfig):
    folders = {path.parent.name for path in ROOT.glob("*/tests")}

    assert folders == set(pytestconfig.getini("testpaths"))


@pytest.mark.django_db
def test_the_file_is_imported_as_it_is_said():
    [text] = [text for kind, text in FENCES if kind == "csv"]
    import_products(BytesIO(b"id,name,price,quantity\n2,Ball,250.00,3\n"))

    assert import_products(BytesIO(text.encode())) == (1, 1, 0)
    assert Product.objects.filter(pk=2, price=260, quantity=3).exists()
