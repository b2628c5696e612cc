"""The samples in docs/clients.md print what is shown, even if an answer is lost, a 503 comes and a token is refused.

The TypeScript sample is run by test_typescript.py, the Postman folder by test_clients.py.
"""

import json
import re
import sys

import pytest

from .client_samples import PAGE, assert_one_order_was_placed, blocks, run, shop
from .databases import ON_POSTGRES
from .server import ROOT

pytestmark = pytest.mark.skipif(ON_POSTGRES, reason="the samples are the same")
[SHORTCUTS], [CREATED] = blocks("Intro", "sh"), blocks("Intro", "json")


def test_the_curl_sample_prints_what_is_shown(new_server, tmp_path):
    [sample], [shown] = blocks("curl", "sh"), blocks("curl", "text")
    with shop(new_server) as (server, proxy):
        printed = run(["bash", "-euo", "pipefail", "-c"], f"{SHORTCUTS}\necho\n{sample}", proxy, tmp_path)

        created, printed = printed.split("\n", 1)
        assert json.loads(created) == json.loads(CREATED)
        assert printed == shown
        assert assert_one_order_was_placed(server, proxy)["status"] == "confirmed"


def test_the_python_sample_prints_what_is_shown(new_server, tmp_path):
    [sample], [shown] = blocks("Python", "python"), blocks("Python", "text")
    with shop(new_server) as (server, proxy):
        server.create_product(quantity=2000)
        for name in ("Red bat", "Blue bat"):
            server.create_product(name=name)

        assert run([sys.executable, "-c"], sample, proxy, tmp_path) == shown
        assert assert_one_order_was_placed(server, proxy)["status"] == "confirmed"


def test_the_page_names_the_versions_that_are_tested():
    tested = json.loads((ROOT / "tests_live/typescript/package.json").read_text())["devDependencies"]
    named = set(re.findall(r"(openapi-typescript|typescript)@([\d.]+)", PAGE))

    assert named == {(name, tested[name]) for name in ("openapi-typescript", "typescript")}


def test_every_block_is_run():
    kinds = re.findall(r"^```(\w+)\n", PAGE, re.MULTILINE)

    assert sorted(kinds) == ["json", "python", "sh", "sh", "sh", "sh", "text", "text", "text", "ts"]
