"""Every sample in docs/api.md, run from top to bottom in one shell, as a reader would."""

import json
import os
import re
import subprocess
from fnmatch import fnmatchcase
from itertools import pairwise

import pytest

from .server import ADMIN, DEVELOPMENT, PASSWORD, PRODUCTION, ROOT, WAIT

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
# The Python program is run by test_feeds.py.
FENCES = [(kind, text) for kind, text in BLOCKS if kind != "python"]
END = "--- end of a sample ---"


def samples():
    """Return (commands, kind of response, response) for every sample; the last two are "" if none is shown."""
    followed = pairwise([*FENCES, ("sh", "")])
    return [(text, *(answer if answer[0] != "sh" else ("", ""))) for (kind, text), answer in followed if kind == "sh"]


@pytest.fixture(params=[DEVELOPMENT, PRODUCTION])
def shop(request, new_server):
    with new_server(request.param, THROTTLE_ENABLED="on") as shop:
        yield shop


def run(shop):
    """Run all samples and return the output of each."""
    script = "".join(f"{commands}\nprintf '\\n%s\\n' '{END}'\n" for commands, *_ in samples())
    variables = {"PATH": os.environ["PATH"], "ADMIN": ADMIN, "PASSWORD": PASSWORD}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(HERE, f"http://127.0.0.1:{shop.port}")],
        env=variables,
        capture_output=True,
        text=True,
        timeout=2 * WAIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace(f"http://127.0.0.1:{shop.port}", HERE).split(f"\n{END}\n")[:-1]


def fits(shown, got):
    """Return whether a response equals the one shown, in which `...` stands for any text."""
    if isinstance(shown, dict):
        return isinstance(got, dict) and list(shown) == list(got) and all(fits(shown[key], got[key]) for key in shown)
    if isinstance(shown, list):
        return isinstance(got, list) and len(shown) == len(got) and all(map(fits, shown, got))
    if isinstance(shown, str) and "..." in shown:
        return isinstance(got, str) and fnmatchcase(got, re.sub(r"([*?[])", r"[\1]", shown).replace("...", "?*"))
    return shown == got and type(shown) is type(got)


def parse(answer):
    """Return the status, headers and body of a response as printed by `curl -i`."""
    head, _, body = answer.replace("\r\n", "\n").strip().partition("\n\n")
    first, *headers = head.split("\n")
    # Without the reason phrase, which differs between servers.
    status = first.split(" ")[:2]
    return status, {name.lower(): value for name, value in (line.split(": ", 1) for line in headers)}, body


def assert_fits(kind, shown, got):
    if kind == "http":
        status, headers, shown = parse(shown)
        got_status, got_headers, got = parse(got)
        assert got_status == status
        assert fits(headers, {name: got_headers[name] for name in headers})
    if shown and got:
        assert fits(json.loads(shown), json.loads(got)), got
    else:
        assert shown.strip() == got.strip()


def test_every_block_is_a_sample_or_its_response():
    kinds = [kind for kind, _ in FENCES]

    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert set(kinds) == {"sh", "json", "http"}
    # A response follows its sample.
    assert all(before == "sh" for before, kind in pairwise(kinds) if kind != "sh")


def test_the_samples_return_the_responses_shown(shop):
    for (commands, kind, shown), got in zip(samples(), run(shop), strict=True):
        try:
            assert_fits(kind, shown, got)
        except (AssertionError, KeyError) as error:
            pytest.fail(f"{commands}\nshould return\n\n{shown}\nbut returned\n\n{got}\n\n{error!r}")
