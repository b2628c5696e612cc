"""A reader of the README who tries everything it shows."""

import re
import subprocess

from order_management.tests.test_readme import like, parse

from .server import WAIT, manage

# A heading, the text up to the next sample or heading, or a sample and its kind.
PARTS = re.compile(r"^#+ ([^\n]+)$|((?:^(?!#|```)[^\n]*\n)+)|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The commands in the text that can be run as they are.
COMMANDS = re.compile(r"`(?:(?:\.venv/bin/)?python manage\.py )?(\w+_\w+ [^`]+|housekeeping|verify_stock)`")


class Reader:
    """Somebody who tries everything the README shows, in order, on a new server with the Admin of `make admin`."""

    def __init__(self, server, folder):
        self.server, self.file = server, folder / "file.csv"
        self.heading, self.tokens, self.request = "", {}, None

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
        if self.request is None:
            self.request = sample
            return
        (line, headers, body), (status, _, shown) = parse(self.fill_in(self.request)), parse(sample)
        (method, path), headers = line.split(" "), {"Authorization": None} | headers
        answer = self.server.call(method, path, body, headers=headers)
        assert f"{answer.status} " == status[:4], (line, answer)
        assert like(shown, answer.body), (line, answer.body)
        self.tokens |= answer.body if path == "/api/login/" else {}
        self.request = None

    def fill_in(self, sample):
        access = self.server.admin if self.heading.endswith("(Admin)") else self.tokens.get("access", "")
        return sample.replace("<ACCESS_TOKEN>", access).replace("<REFRESH_TOKEN>", self.tokens.get("refresh", ""))

    def keep_file(self, text):
        self.file.write_text(text)
