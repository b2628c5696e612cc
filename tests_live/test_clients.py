"""Clients that know only what is published: Newman runs the Postman collection, schemathesis the schema."""

import os
import subprocess

import pytest

from .server import ADMIN, DEVELOPMENT, PASSWORD, ROOT

# `make test-live` installs it in a separate environment, because its pytest plugins slow down every start.
SCHEMATHESIS = os.environ.get("SCHEMATHESIS", "schemathesis")


def run(*command):
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


# The documented password is only accepted in development.
@pytest.mark.parametrize("server", [DEVELOPMENT], indirect=True)
def test_newman_can_run_the_collection_twice(server):
    for _ in range(2):
        print(run("postman/run", f"http://127.0.0.1:{server.port}", ADMIN, PASSWORD))


def test_schemathesis_finds_no_server_error_and_no_undocumented_response(server):
    # DRF accepts both 15 and "15", so other tests check which data is valid.
    without = "positive_data_acceptance,negative_data_rejection"
    command = [SCHEMATHESIS, "run", f"http://127.0.0.1:{server.port}/api/schema/", "--workers", "1", "--seed", "1"]
    command += ["-H", f"Authorization: Bearer {server.admin}", "--checks", "all", "--exclude-checks", without]
    command += ["--exclude-path", "/api/accounts/me/logout-all/"]  # it would end the token
    print(run(*command, "--max-examples", "30"))
