"""Clients that know only what is published: Newman runs the Postman collection, schemathesis the schema."""

import os
import subprocess

import pytest

from . import postman
from .server import DEVELOPMENT, ROOT

# `make test-live` installs it in a separate environment, because its pytest plugins slow down every start.
SCHEMATHESIS = os.environ.get("SCHEMATHESIS", "schemathesis")


def run(*command):
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


# The documented password is only accepted in development.
@pytest.mark.parametrize("server", [DEVELOPMENT], indirect=True)
def test_newman_can_run_the_collection_twice_and_gets_the_saved_answers(server, tmp_path):
    items = postman.calls(postman.read_collection())
    print(postman.run(server, tmp_path / "report"))
    for item, answer in zip(items, postman.answers(tmp_path / "report", items), strict=True):
        [saved] = item["response"]
        assert postman.shape_of(answer) == postman.shape_of(saved), "Run make postman."

    print(postman.run(server, tmp_path / "report"))


def test_schemathesis_finds_no_server_error_and_no_undocumented_response(server):
    # DRF accepts both 15 and "15", so other tests check which data is valid.
    without = "positive_data_acceptance,negative_data_rejection"
    command = [SCHEMATHESIS, "run", f"http://127.0.0.1:{server.port}/api/schema/", "--workers", "1", "--seed", "1"]
    command += ["-H", f"Authorization: Bearer {server.admin}", "--checks", "all", "--exclude-checks", without]
    command += ["--exclude-path", "/api/accounts/me/logout-all/"]  # it would end the token
    print(run(*command, "--max-examples", "30"))
