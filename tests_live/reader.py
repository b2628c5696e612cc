"""A reader who tries everything that the README and the operations page show."""

import re
import subprocess

from order_management.tests.test_readme import like, parse

from .server import WAIT, manage

# A heading, the text up to the next sample or heading, or a sample with its kind.
PARTS = re.compile(r"^#+ ([^\n]+)$|((?:^(?!#|```)[^\n]*\n)+)|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The commands in the text that can be run unchanged.
COMMANDS = re.compile(r"`(?:(?:(?:\.venv/bin/)?python )?manage\.py )?(\w+_\w+ [^`]+|housekeeping|verify_stock)`")


class Reader:
    """Tries everything a page shows, in order, on a new server with the Admin of `make admin`."""

    def __init__(self, server, folder):
        self.server, self.file = server, folder / "file.csv"
        self.heading, self.access = "", ""

    def read(self, page):
        tries = {"http": self.try_call, "csv": self.keep_file, "sh": self.try_curl}
        for heading, text, kind, sample in PARTS.findall(page):
            self.heading = heading or self.heading
            self.try_text(text)
            if kind in tries:
                tries[kind](sample)

    def try_text(self, text):
        for path in re.findall(r"`GET (/api/[^`]*)`", text):
            assert self.server.call("GET", path, token=self.server.admin).status == 200, path
        for command in COMMANDS.findall(text):
            words = [str(self.file) if word == "FILE.csv" else word for word in command.split()]
            manage(*words, DATABASE_URL=self.server.database_url, DEBUG="on")

    def try_curl(self, script):
        if script.startswith("curl "):
            script = script.replace("127.0.0.1:8000", f"127.0.0.1:{self.server.port}")
            said = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=WAIT).stdout
            assert said == '{"message":"Customer registered successfully"}'

    def try_call(self, sample):
        access = self.server.admin if self.heading.endswith("(Admin)") else self.access
        (method, path, headers, body), (status, shown) = parse(sample.replace("<ACCESS_TOKEN>", access))
        answer = self.server.call(method, path, body, headers={"Authorization": None} | headers)
        assert answer.status == status, (path, answer)
        assert like(shown, answer.body), (path, answer)
        if path == "/api/login/":
            self.access = answer.body["access"]

    def keep_file(self, text):
        self.file.write_text(text)
