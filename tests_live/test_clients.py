"""Clients that know nothing of us but what we publish: Newman runs the Postman collection, schemathesis the schema."""

import os
import subprocess

import pytest

from .server import ADMIN, DEVELOPMENT, PASSWORD, ROOT

# Found by `make test-live` in an environment of its own: its pytest plugins would slow every start.
SCHEMATHESIS = os.environ.get("SCHEMATHESIS", "schemathesis")


def run(*command):
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


# The documented password is for development alone.
@pytest.mark.parametrize("server", [DEVELOPMENT], indirect=True)
def test_newman_runs_the_collection_again_and_again(server):
    for _ in range(2):
        print(run("postman/run", f"http://127.0.0.1:{server.port}", ADMIN, PASSWORD))


def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(server):
    # DRF reads 15 and "15" alike, so what counts as good or bad data is for our own tests.
    without = "positive_data_acceptance,negative_data_rejection"
    command = [SCHEMATHESIS, "run", f"http://127.0.0.1:{server.port}/api/schema/", "--workers", "1", "--seed", "1"]
    command += ["-H", f"Authorization: Bearer {server.admin}", "--checks", "all", "--exclude-checks", without]
    print(run(*command, "--max-examples", "30"))
